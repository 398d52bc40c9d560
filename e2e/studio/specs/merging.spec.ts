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
  await expect(facts).toContainText('really 50%');
  await expect(facts).toContainText('2,048 of 4,096 tokens left');
  await make.setNumber('Steps', 4);
  await make.make();
  await make.waitFor('done');
  await expect(page.getByText('50% merged')).toBeVisible();
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
  await expect(facts).toContainText('really 75%');
  await expect(facts).toContainText('1,024 of 4,096 tokens left');
  await expect(facts.getByRole('note', { name: /at most 75% can be merged/ })).toBeVisible();
  await make.make();
  await make.waitFor('done');
  await expect(page.getByText('75% merged')).toBeVisible();
  expect(studio.row()).toMatchObject({
    request: { merging: { ratio: 0.95 } },
    merging: { effectiveRatio: 0.75 },
  });
});

test('merging that would do nothing says so', async ({ studio }) => {
  const page = await studio.open();
  const make = new MakeScreen(page);
  await page.getByRole('radio', { name: /^Balanced/ }).check();
  await page.getByTestId('advanced').click();
  for (const name of ['Cell width', 'Cell height']) {
    const field = page.getByRole('spinbutton', { name });
    await field.fill('1');
    await field.press('Enter');
  }
  await expect(page.getByTestId('effective-ratio')).toContainText('nothing is merged');
  await expect(make.ratio).toHaveAttribute('aria-valuetext', /50%.*4,096 of 4,096 tokens left/);
});

test('the advanced options reach the engine', async ({ studio }) => {
  const page = await studio.open();
  const make = new MakeScreen(page);
  await make.prompt.fill('night, green mountains above the desert');
  await page.getByRole('radio', { name: /^Balanced/ }).check();
  await page.getByTestId('advanced').click();
  await page.getByRole('radio', { name: 'Dropped' }).check();
  await page.getByRole('radio', { name: '1/2', exact: true }).check();
  await page.getByRole('combobox', { name: /^Where destinations lie/ }).click();
  await page.getByRole('option', { name: 'Every other column' }).click();
  await page.getByText('Where it thinks').click();
  await expect(page.getByRole('switch', { name: 'Where it thinks' })).toBeChecked();
  await make.setNumber('Steps', 4);
  await make.make();
  await make.waitFor('done');
  const { request, merging } = studio.row();
  expect(request.merging).toMatchObject({
    mode: 'prune',
    partition: 'columns',
    maxDownsample: 2,
    mlp: true,
    selfAttention: true,
    crossAttention: false,
  });
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
  await expect(balanced).toContainText(/\d+\.\d ?s · \d\.\d+× · \d+ dB/, { timeout: 90_000 });
  await expect(page.getByTestId('measure')).toBeHidden({ timeout: 60_000 });
  // Exact and half the steps, without merging, are what the others are held against.
  expect(studio.rows().filter(({ request }) => request.merging.ratio === 0)).toHaveLength(2);
  expect(studio.rows().every(({ state }) => state === 'done')).toBe(true);
});
