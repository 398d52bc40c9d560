import { noMerging } from '#contract/request.ts';
import { autoRuntime, type Precision } from '#contract/runtime.ts';
import { makePictures, tiny, type Client } from '../fixtures/client.ts';
import { tabTo } from '../fixtures/keys.ts';
import { MakeScreen } from '../fixtures/make-screen.ts';
import { expect, test } from '../fixtures/test.ts';

/** Where pictures are made, and in which precision: chosen, shown at once, taken up, and written with the picture. */

function onProcessor(precision: Precision) {
  return (client: Client) =>
    client.settings.update({ runtime: { ...autoRuntime, provider: 'cpu', precision } });
}

test('a precision is chosen without a mouse, and holds for the next picture', async ({ studio }) => {
  await studio.prepare(async (client) => {
    await onProcessor('f32')(client);
    await makePictures(client, [tiny]);
  });
  const page = await studio.open();
  const chip = page.getByTestId('next-place');
  await expect(chip).toHaveText('CPU · float32');
  await tabTo(page, page.getByTestId('rail-settings'));
  await page.keyboard.press('Enter');
  const picker = page.getByTestId('precision-select');
  await picker.waitFor();
  await tabTo(page, picker);
  await page.keyboard.press('Enter');
  // The processor has no float16.
  await expect(page.getByRole('option')).toHaveText([/^\s*Automatic/, /^\s*float32/, /^\s*8-bit/]);
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await expect(picker).toContainText('8-bit');
  await expect(picker).toBeFocused();
  await expect(chip).toHaveText('CPU · 8-bit');
  await expect(page.getByText(/1\.34× faster steps/)).toHaveAttribute('title', /Measured in November 2026/);

  const make = new MakeScreen(page);
  await page.getByTestId('rail-make').click();
  await make.prompt.fill('a red sun');
  await make.setSquare(64);
  await make.setNumber('Steps', 2);
  await make.make();
  await make.waitFor('done');
  await page.getByTestId('rail-history').click();
  const madeOn = page.getByTestId('made-on');
  await page.getByTestId('history-item').first().click();
  await expect(madeOn).toHaveText('CPU · 8-bit');
  await page.getByTestId('history-item').nth(1).click();
  await expect(madeOn).toHaveText('CPU · float32');
  await page.getByTestId('rail-lab').click();
  await page.getByTestId('lab-place').click();
  await expect(page.getByRole('option', { name: 'CPU · 8-bit' })).toBeVisible();
  await expect(page.getByRole('option', { name: 'CPU · float32' })).toBeVisible();
  await page.keyboard.press('Escape');

  const again = await studio.reopen(page);
  await expect(again.getByTestId('next-place')).toHaveText('CPU · 8-bit');
});

test('a precision that the device has not is said, and can be put right', async ({ studio }) => {
  await studio.prepare(onProcessor('f16'));
  const page = await studio.open();
  await expect(page.getByTestId('next-place')).toHaveText('CPU · float32');
  await page.getByTestId('rail-settings').click();
  const said = page.getByTestId('precision-other');
  await expect(said).toHaveText('float16 is not used: the next picture is made in float32 on CPU.');
  await page.getByTestId('precision-select').click();
  await expect(page.getByRole('option', { name: 'float16' })).toBeDisabled();
  await page.getByRole('option', { name: /^float32/ }).click();
  await expect(said).toBeHidden();
});

test('pictures of another precision stand apart in Compare, and their set is made on its own', async ({
  studio,
}) => {
  await studio.prepare(async (client) => {
    await onProcessor('f32')(client);
    await makePictures(client, [{ ...tiny, merging: noMerging }, tiny]);
    await onProcessor('int8')(client);
  });
  const page = await studio.open();
  await page.getByTestId('rail-compare').click();
  const rows = page.getByTestId('compare-row');
  const place = page.getByTestId('compare-place');
  const other = page.getByTestId('compare-place-other');
  await expect(place).toContainText('Made on CPU · float32');
  // What would be made is 8-bit, and no part of this set.
  await expect(page.getByTestId('compare-make')).toBeHidden();
  await expect(other).toHaveText('New ones: CPU · 8-bit');
  await other.click();
  await expect(place).toContainText('Made on CPU · 8-bit');
  await expect(page.getByText('On another device or in another precision')).toBeVisible();
  await expect(rows.filter({ hasText: 'CPU · float32' })).toHaveCount(2);
  await page.getByTestId('compare-make-one').first().click();
  await expect(rows.first()).toHaveAttribute('data-state', 'done');
  await other.click();
  await expect(rows.filter({ hasText: 'CPU · 8-bit' })).toHaveCount(1);
});

test('what had to be given up is told in the language of the window, and what a card was to hold stands beside it', async ({
  studio,
}) => {
  await studio.prepare((client) => makePictures(client, [tiny]));
  const card = (precision: Precision) => ({
    provider: 'webgpu' as const,
    index: 0,
    device: 'Card',
    precision,
  });
  const notice =
    'WebGPU · float16 (Card) could not go on: Device was lost. The picture is made on WebGPU · float32 (Card) instead.';
  const old = 'A row from before notices had codes holds a sentence.';
  // No card here: the row says what one would have told.
  await studio.changeFigures((figures) => ({
    ...figures,
    estimatedDeviceBytes: 2_345_000_000,
    runtime: {
      parts: [{ part: 'unet', ...card('f32') }],
      notices: [
        {
          ...{ code: 'device-failed', from: card('f16'), to: card('f32') },
          ...{ error: 'ENGINE_FAILED', reason: 'Device was lost.' },
        },
        old,
      ],
    },
  }));
  const page = await studio.open();
  const place = page.getByTestId('picture-place');
  await expect(place).toHaveText('WebGPU · float32');
  await expect(place.getByRole('note')).toHaveAttribute(
    'aria-label',
    `WebGPU · float32. Card\n${notice}\n${old}`,
  );
  await expect(page.getByTestId('next-place')).toContainText('CPU');
  await page.getByTestId('rail-history').click();
  await page.getByTestId('history-item').first().click();
  const detail = page.getByTestId('history-detail');
  await expect(detail.getByText(notice)).toBeVisible();
  await expect(detail.getByText('Expected before loading, at least')).toBeVisible();
  await expect(detail.getByText('2.3 GB')).toBeVisible();
  await page.getByTestId('rail-settings').click();
  await page.getByRole('radio', { name: '한국어' }).check();
  await page.getByTestId('rail-history').click();
  await page.getByTestId('history-item').first().click();
  await expect(detail.getByText(/^WebGPU · float16 \(Card\)에서 더 만들 수 없었습니다/)).toBeVisible();
  await expect(detail.getByText(old)).toBeVisible();
});

test('another window shows the choice at once @browser', async ({ studio }) => {
  await studio.prepare(onProcessor('f32'));
  const [page, other] = [await studio.open(), await studio.open()];
  await page.getByTestId('rail-settings').click();
  await page.getByTestId('precision-select').click();
  await page.getByRole('option', { name: '8-bit' }).click();
  for (const window of [page, other])
    await expect(window.getByTestId('next-place')).toHaveText('CPU · 8-bit', { timeout: 2000 });
});

test('a branch of step caching that the model has not is said, and set right with one button', async ({
  studio,
}) => {
  const page = await studio.open();
  const make = new MakeScreen(page);
  await page.getByTestId('advanced').click();
  await make.toggle('step-cache-on');
  const field = page.getByTestId('step-cache-branch');
  const largest = (await field.getAttribute('aria-valuemax')) ?? '';
  expect(Number(largest)).toBeLessThan(15);
  await field.fill('15');
  await field.press('Enter');
  await expect(field).toHaveValue(largest);
  await studio.closeWindow(page);
  // As the form was left with a larger model.
  await studio.prepare(async (client) => {
    const { draft } = await client.settings.get();
    if (draft?.stepCache === undefined) throw new Error('The form was not kept.');
    await client.settings.update({ draft: { ...draft, stepCache: { interval: 3, branch: 15 } } });
  });
  const again = await studio.open();
  await again.getByTestId('advanced').click();
  const said = again.getByTestId('step-cache-too-deep');
  await expect(said).toContainText(`has the branches 0 to ${largest}: with 15 no picture can be made`);
  await again.getByTestId('step-cache-use').click();
  await expect(said).toBeHidden();
  await expect(again.getByTestId('step-cache-branch')).toHaveValue(largest);
});
