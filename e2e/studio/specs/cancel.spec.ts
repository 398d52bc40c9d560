import type { Page } from '@playwright/test';
import { pictureFiles } from '../fixtures/files.ts';
import { MakeScreen } from '../fixtures/make-screen.ts';
import { expect, test } from '../fixtures/test.ts';

/** Long enough to be stopped on the way. */
const manySteps = 400;

async function begin(page: Page): Promise<MakeScreen> {
  const make = new MakeScreen(page);
  await make.prompt.fill('a red sun over blue mountains');
  await make.setNumber('Steps', manySteps);
  await make.make();
  await expect(page.getByText(/^Step [1-9]\d* of 400$/)).toBeVisible({ timeout: 60_000 });
  return make;
}

test('the button stops the picture that is being made, and the next one works', async ({ studio }) => {
  const page = await studio.open();
  const make = await begin(page);
  await make.cancel.click();
  const id = await make.waitFor('cancelled');
  await expect(page.getByText('Cancelled before it was finished')).toBeVisible();
  expect(studio.row()).toMatchObject({ state: 'cancelled', pictureFile: null, failureCode: null });
  await make.setNumber('Steps', 4);
  await make.make();
  await make.waitFor('done', id);
  await make.expectVisible(256, 256);
});

test('Esc stops it, but closes an open list first', async ({ studio }) => {
  const page = await studio.open();
  const make = await begin(page);
  await page.getByTestId('scheduler').click();
  await expect(page.getByRole('listbox')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('listbox')).toBeHidden();
  await expect(make.picture).toHaveAttribute('data-state', 'running');
  await page.keyboard.press('Escape');
  await make.waitFor('cancelled');
  expect(studio.row().state).toBe('cancelled');
  expect(pictureFiles(studio.home)).toEqual([]);
});
