import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { noMerging } from '#contract/request.ts';
import { makePictures, tiny, type Client } from '../fixtures/client.ts';
import { MakeScreen } from '../fixtures/make-screen.ts';
import type { Studio } from '../fixtures/studio.ts';
import { expect, test } from '../fixtures/test.ts';

const ratio = (share: number) => ({ ...noMerging, ratio: share });

async function fill(client: Client): Promise<void> {
  await makePictures(client, [
    { ...tiny, prompt: 'a red sun over blue mountains', merging: noMerging, seed: 11 },
    { ...tiny, prompt: 'a golden sun over the meadow', merging: ratio(0.25), seed: 12 },
    { ...tiny, prompt: 'night above the desert', merging: ratio(0.5), seed: 13, guidanceScale: 4 },
    { ...tiny, prompt: '푸른 산 위의 붉은 해', merging: ratio(0.75), seed: 14 },
  ]);
}

async function openHistory(studio: Studio, fillWith = fill): Promise<Page> {
  await studio.prepare(fillWith);
  const page = await studio.open();
  await page.getByTestId('rail-history').click();
  await expect(page.getByTestId('history-item')).toHaveCount(4);
  return page;
}

test('search finds parts of words, in Korean too; filters narrow; clearing brings all back', async ({
  studio,
}) => {
  const page = await openHistory(studio);
  const items = page.getByTestId('history-item');
  const search = page.getByTestId('history-search');
  for (const [text, count] of [
    ['mount', 1],
    ['sun', 2],
    ['붉은', 1],
    ['산', 1],
    ['sun golden', 1],
    ['nothing like it', 0],
  ] as const) {
    await search.fill(text);
    await expect(items).toHaveCount(count);
  }
  await expect(page.getByText('No picture fits.')).toBeVisible();
  await page.getByTestId('history-clear-empty').click();
  await expect(items).toHaveCount(4);
  await page.getByTestId('history-filter-merging').click();
  await page.getByRole('option', { name: 'More than 50 %' }).click();
  await expect(items).toHaveCount(1);
  await expect(items).toHaveAccessibleName(/푸른 산/);
  await page.getByTestId('history-clear').click();
  await page.getByTestId('history-sort').click();
  await page.getByRole('option', { name: 'Most merged first' }).click();
  await expect(items.first()).toHaveAccessibleName(/푸른 산/);
  await expect(items.last()).toHaveAccessibleName(/a red sun/);
});

test('favourite, tags and notes are kept, searched and filtered', async ({ studio }) => {
  const page = await openHistory(studio);
  const items = page.getByTestId('history-item');
  const detail = page.getByTestId('history-detail');
  await items.filter({ hasText: 'golden' }).or(items.nth(2)).first().click();
  await detail.getByTestId('favourite').click();
  await expect(detail.getByTestId('favourite')).toHaveAttribute('aria-pressed', 'true');
  await detail.getByTestId('history-tag-add').fill('series, warm');
  await page.keyboard.press('Enter');
  await expect(detail.getByText('warm', { exact: true })).toBeVisible();
  await detail.getByTestId('history-notes').fill('the one with the ridge');
  await expect
    .poll(() => studio.rows().filter(({ notes }) => notes === 'the one with the ridge').length)
    .toBe(1);
  const chosen = studio.rows().find(({ favourite }) => favourite);
  expect(chosen).toMatchObject({ tags: ['series', 'warm'], notes: 'the one with the ridge' });
  await page.getByTestId('history-favourites').click();
  await expect(items).toHaveCount(1);
  await page.getByTestId('history-favourites').click();
  // One again only when the search has answered.
  await expect(items).toHaveCount(4);
  await page.getByTestId('history-search').fill('ridge');
  await expect(items).toHaveCount(1);
  await expect(items).toHaveAttribute('data-id', chosen?.id ?? '');
});

test('deleting is undone at a press, and from the bin', async ({ studio }) => {
  const page = await openHistory(studio);
  const items = page.getByTestId('history-item');
  const deleted = () => studio.rows().filter((row) => row.deleted).length;
  await items.first().click();
  await page.keyboard.press('Delete');
  await expect(items).toHaveCount(3);
  expect(deleted()).toBe(1);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(items).toHaveCount(4);
  expect(deleted()).toBe(0);
  await items.first().click();
  await items.nth(1).click({ modifiers: ['Shift'] });
  await page.getByTestId('history-many').getByTestId('history-delete').click();
  await expect(items).toHaveCount(2);
  await page.getByTestId('history-bin').click();
  await expect(items).toHaveCount(2);
  await items.first().click();
  await page.getByTestId('history-restore').click();
  await expect(items).toHaveCount(1);
  await page.getByTestId('history-bin').click();
  await expect(items).toHaveCount(3);
  expect(deleted()).toBe(1);
});

test('settings of a picture are used again, all or some', async ({ studio }) => {
  const page = await openHistory(studio);
  const make = new MakeScreen(page);
  const items = page.getByTestId('history-item');
  await page.getByTestId('history-search').fill('night');
  await expect(items).toHaveCount(1);
  await items.click();
  await page.getByTestId('history-detail').getByTestId('reuse').click();
  await page.getByTestId('rail-make').click();
  await expect(make.prompt).toHaveValue('night above the desert');
  await expect(make.ratio).toHaveAttribute('aria-valuenow', '0.5');
  await expect(page.getByRole('textbox', { name: 'Seed' })).toHaveValue('13');
  await expect(page.getByTestId('guidance')).toHaveValue('4');
  await page.getByTestId('rail-history').click();
  await page.getByTestId('history-search').fill('golden');
  await expect(items).toHaveAccessibleName(/golden/);
  await items.click();
  await page.getByTestId('reuse-some').click();
  const parts = page.getByRole('dialog', { name: 'Which settings to use' });
  for (const box of await parts.getByRole('checkbox').all())
    await box.setChecked((await box.getAttribute('data-testid')) === 'reuse-prompt');
  await page.getByTestId('reuse-apply').click();
  await page.getByTestId('rail-make').click();
  await expect(make.prompt).toHaveValue('a golden sun over the meadow');
  await expect(page.getByRole('textbox', { name: 'Seed' })).toHaveValue('13');
});

test('the gallery is walked by the keyboard, and new pictures arrive in it', async ({ studio }) => {
  const page = await openHistory(studio);
  const items = page.getByTestId('history-item');
  await page.keyboard.press('/');
  await expect(page.getByTestId('history-search')).toBeFocused();
  await items.first().focus();
  await page.keyboard.press('ArrowRight');
  await expect(items.nth(1)).toBeFocused();
  await page.keyboard.press('f');
  await expect.poll(() => studio.rows().filter(({ favourite }) => favourite).length).toBe(1);
  await page.keyboard.press('Control+Enter');
  await expect.poll(() => studio.rows().length).toBe(5);
});

test('a picture whose file was deleted behind the studio’s back says so @browser', async ({ studio }) => {
  await studio.prepare(fill);
  const gone = studio.rows().at(-1);
  rmSync(join(studio.home, 'pictures', gone?.pictureFile ?? 'none'));
  studio.faults.expect(/404/);
  const page = await studio.open();
  await expect(page.getByText('The file of this picture is no longer there')).toBeVisible();
  await page.getByTestId('rail-history').click();
  await page.getByTestId('history-item').first().click();
  await expect(page.getByTestId('history-detail')).toBeVisible();
  expect(studio.rows()).toHaveLength(4);
});
