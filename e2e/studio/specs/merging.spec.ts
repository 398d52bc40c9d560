import { MakeScreen } from '../fixtures/make-screen.ts';
import { expect, test } from '../fixtures/test.ts';

/** 256×256 pixels of the embedded model are 64×64 tokens; one in each 2×2 cell has to stay. */
const tokens = 4096;

test('a preset says what it leaves of the tokens, and the picture’s row says what was merged', async ({
  studio,
}) => {
  const page = await studio.open();
  const make = new MakeScreen(page);
  const facts = page.getByTestId('effective-ratio');
  await make.prompt.fill('a red sun over blue mountains');
  await page.getByRole('radio', { name: /^Exact/ }).check();
  await expect(facts).toContainText('nothing is merged');
  await page.getByRole('radio', { name: /^Balanced/ }).check();
  await expect(facts).toContainText('50% merged');
  await expect(facts).toContainText('2,048 of 4,096 tokens left');
  await make.setNumber('Steps', 4);
  await make.make();
  await make.waitFor('done');
  await expect(page.getByRole('note', { name: /^50% merged\. Share of the tokens/ })).toBeVisible();
  const { request, merging } = studio.row();
  expect(request.merging).toMatchObject({ ratio: 0.5, maxDownsample: 1 });
  expect(merging).toMatchObject({ effectiveRatio: 0.5, maxRatio: 0.75 });
  const merged = merging?.blocks.filter(({ leftAtStart, tokens }) => leftAtStart < tokens) ?? [];
  expect(merged.length).toBeGreaterThan(0);
  for (const block of merged) expect(block).toMatchObject({ tokens, leftAtStart: tokens / 2 });
});

test('a ratio that cannot be reached is told before and after', async ({ studio }) => {
  const page = await studio.open();
  const make = new MakeScreen(page);
  const facts = page.getByTestId('effective-ratio');
  await make.prompt.fill('a red sun over blue mountains');
  await make.setNumber('Steps', 4);
  await make.ratio.press('End');
  await expect(make.ratio).toHaveAttribute('aria-valuenow', '0.95');
  await expect(facts).toContainText('Capped at 75%');
  await expect(facts).toContainText('1,024 of 4,096 tokens left');
  await expect(facts).toHaveAttribute('data-note', 'capped');
  await make.make();
  await make.waitFor('done');
  await expect(page.getByRole('note', { name: /^75% merged\. Share of the tokens/ })).toBeVisible();
  expect(studio.row()).toMatchObject({
    request: { merging: { ratio: 0.95 } },
    merging: { effectiveRatio: 0.75 },
  });
});

test('merging that would do nothing says why', async ({ studio }) => {
  const page = await studio.open();
  const make = new MakeScreen(page);
  const facts = page.getByTestId('effective-ratio');
  await page.getByRole('radio', { name: /^Balanced/ }).check();
  await expect(facts).not.toHaveAttribute('data-note', /./);
  await page.getByTestId('advanced').click();
  for (const id of ['cell-width', 'cell-height']) {
    await page.getByTestId(id).fill('1');
    await page.getByTestId(id).press('Enter');
  }
  await expect(facts).toHaveAttribute('data-note', 'no-destination');
  await expect(make.ratio).toHaveAttribute('aria-valuetext', /50%.*4,096 of 4,096 tokens left/);
  await page.getByTestId('advanced-reset').click();
  await expect(facts).not.toHaveAttribute('data-note', /./);
  await make.toggle('merge-self');
  await expect(facts).toHaveAttribute('data-note', 'off');
});

test('the advanced options reach the engine', async ({ studio }) => {
  const page = await studio.open();
  const make = new MakeScreen(page);
  await make.prompt.fill('night, green mountains above the desert');
  await page.getByRole('radio', { name: /^Balanced/ }).check();
  await make.setNumber('Steps', 4);
  await page.getByTestId('advanced').click();
  await page.getByTestId('mode-prune').check();
  await page.getByTestId('depth-2').check();
  await page.getByTestId('partition').click();
  await page.getByRole('option', { name: 'Every other column' }).click();
  await make.toggle('merge-mlp');
  await make.toggle('ratio-end-on');
  await page.keyboard.press('Control+Enter');
  await make.waitFor('done');
  const { request, merging } = studio.row();
  expect(request.merging).toMatchObject({
    ratio: 0.5,
    ratioEnd: 0,
    mode: 'prune',
    partition: 'columns',
    maxDownsample: 2,
    mlp: true,
    selfAttention: true,
    crossAttention: false,
  });
  expect(merging).toMatchObject({ effectiveRatio: 0.5, effectiveRatioEnd: 0 });
  expect(new Set(merging?.blocks.map((block) => block.tokens))).toEqual(new Set([tokens, tokens / 4]));
});

test('presets show what they gained here once they were measured', async ({ studio }) => {
  const page = await studio.open();
  const make = new MakeScreen(page);
  await make.prompt.fill('a red sun over blue mountains');
  await make.setSquare(64);
  const balanced = page.locator('label', { has: page.getByTestId('preset-balanced') });
  await expect(balanced).toContainText('not measured yet');
  await page.getByTestId('measure').click();
  await expect(balanced).toContainText(/\d+ dB\s*\d\.\d+×\s*\d+\.\ds/, { timeout: 90_000 });
  await expect(page.getByTestId('measure')).toBeHidden({ timeout: 60_000 });
  // The one without merging is what the others are held against: all have as many steps.
  expect(studio.rows().filter(({ request }) => request.merging.ratio === 0)).toHaveLength(1);
  expect(studio.rows().every(({ state }) => state === 'done')).toBe(true);
});

test('own presets are kept, chosen, renamed and taken away', async ({ studio }) => {
  const page = await studio.open();
  const make = new MakeScreen(page);
  await make.ratio.press('End');
  await page.getByTestId('preset-save').click();
  await page.keyboard.type('All I can get');
  await page.keyboard.press('Enter');
  await page.getByRole('radio', { name: /^Exact/ }).check();
  await expect(make.ratio).toHaveAttribute('aria-valuenow', '0');
  await page.getByRole('radio', { name: /^All I can get/ }).check();
  await expect(make.ratio).toHaveAttribute('aria-valuenow', '0.95');
  await page.getByText('All I can get').hover();
  await page.getByRole('button', { name: 'Rename “All I can get”' }).click();
  await page.keyboard.press('Control+a');
  await page.keyboard.type('The most');
  await page.keyboard.press('Enter');
  const again = await studio.reopen(page);
  await again.getByText('The most').hover();
  await again.getByRole('button', { name: 'Remove “The most”' }).click();
  await expect(again.getByRole('radio', { name: /^The most/ })).toHaveCount(0);
  await again.getByRole('button', { name: 'Undo' }).click();
  await expect(again.getByRole('radio', { name: /^The most/ })).toHaveCount(1);
});
