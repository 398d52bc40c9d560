import { noMerging } from '#contract/request.ts';
import { makePictures, quick } from '../fixtures/client.ts';
import { expect, test } from '../fixtures/test.ts';

const request = { ...quick, widthPx: 64, heightPx: 64, steps: 2 };

test('variants of one picture are made and compared: slider, side by side, difference, all', async ({
  studio,
}) => {
  await studio.prepare((client) => makePictures(client, [{ ...request, merging: noMerging }]));
  const page = await studio.open();
  await page.keyboard.press('c');
  const rows = page.getByTestId('compare-row');
  await page.getByTestId('compare-set-ratios').check();
  await expect(rows.first()).toBeVisible();
  const count = await rows.count();
  expect(count).toBeGreaterThan(2);
  await page.getByTestId('compare-make').click();
  await expect(page.locator('[data-testid="compare-row"][data-state="done"]')).toHaveCount(count, {
    timeout: 90_000,
  });
  const made = studio.rows();
  expect(made).toHaveLength(count);
  expect(new Set(made.map(({ request: { seed, prompt } }) => `${seed} ${prompt}`)).size).toBe(1);
  expect(new Set(made.map(({ request: { merging } }) => merging.ratio)).size).toBe(count);

  await rows.last().getByTestId('compare-choose-b').click();
  const figures = page.getByTestId('compare-figures');
  await expect(figures).toContainText(/\d+(\.\d+)? dB/);
  await expect(figures).toContainText(/MB|GB/);
  await expect(figures).toContainText(/\d+%/);

  await page.getByTestId('compare-view-slider').check();
  const slider = page.getByTestId('compare-slider');
  await slider.focus();
  const before = await slider.getAttribute('aria-valuetext');
  await page.keyboard.press('ArrowRight');
  await expect(slider).not.toHaveAttribute('aria-valuetext', before ?? '');
  await page.keyboard.press('Home');
  await expect(slider).toHaveAttribute('aria-valuetext', 'A up to 0%');
  await page.getByTestId('compare-view-side').check();
  await expect(page.getByTestId('compare-stage').getByRole('img')).toHaveCount(2);
  await page.getByTestId('compare-view-difference').check();
  await expect(page.getByTestId('difference-map')).toHaveAttribute('data-ready', 'true');
  await expect(page.getByText(/^Largest difference \d+ of 255/)).toBeVisible();
  await page.getByTestId('compare-view-all').check();
  await expect(page.getByTestId('compare-grid')).toBeVisible();
});

test('another picture of the history is compared, and told to be of another request', async ({ studio }) => {
  await studio.prepare((client) =>
    makePictures(client, [
      { ...request, prompt: 'night above the sea' },
      { ...request, prompt: 'a golden sun' },
    ]),
  );
  const page = await studio.open();
  await page.keyboard.press('c');
  await page.getByTestId('compare-pick').click();
  const picker = page.getByTestId('compare-picker');
  await picker.getByRole('searchbox').or(picker.getByRole('textbox')).fill('night');
  await picker.getByRole('listitem').getByRole('button').click();
  await expect(picker).toBeHidden();
  await expect(page.getByTestId('compare-note')).toContainText('prompt differ');
  await page.getByTestId('compare-view-difference').check();
  await expect(page.getByTestId('difference-map')).toHaveAttribute('data-ready', 'true');
  await page.keyboard.press('x');
  await expect(page.getByTestId('compare-figures')).toContainText('A to B');
});
