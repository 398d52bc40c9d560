import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { makePictures, quick } from '../fixtures/client.ts';
import { drop } from '../fixtures/drop.ts';
import { pictureFiles } from '../fixtures/files.ts';
import { MakeScreen } from '../fixtures/make-screen.ts';
import { pngWithTexts } from '../fixtures/png-texts.ts';
import { expect, test } from '../fixtures/test.ts';

test('a picture made here brings its settings back, to the last one', async ({ studio }) => {
  const request = {
    ...quick,
    prompt: 'night, (green:1.2) mountains above the desert',
    negativePrompt: 'snow',
    steps: 3,
    scheduler: 'heun' as const,
    guidanceScale: 4.5,
    seed: 4242,
    merging: { ...quick.merging, ratio: 0.6, maxDownsample: 2 as const, partition: 'columns' as const },
  };
  await studio.prepare((client) => makePictures(client, [request]));
  const { pictureFile } = studio.row();
  const bytes = readFileSync(join(studio.home, 'pictures', pictureFile ?? ''));
  const page = await studio.open();
  const make = new MakeScreen(page);
  await make.prompt.fill('something else');
  await drop(page, { name: 'mine.png', bytes });
  await expect(page.getByText('Settings taken from “mine.png”')).toBeVisible();
  await expect(make.prompt).toHaveValue(request.prompt);
  await expect(page.getByRole('textbox', { name: 'Not in the picture' })).toHaveValue('snow');
  await expect(page.getByRole('spinbutton', { name: 'Steps' })).toHaveValue('3');
  await expect(page.getByRole('textbox', { name: 'Seed' })).toHaveValue('4242');
  await make.make();
  // The same settings and seed are the same picture, bit for bit.
  await expect.poll(() => studio.rows().map(({ state }) => state)).toEqual(['done', 'done']);
  const [first, second] = studio.rows();
  expect(second?.request).toEqual(first?.request);
  const pixels = (file: string | null | undefined) =>
    sharp(join(studio.home, 'pictures', file ?? ''))
      .raw()
      .toBuffer();
  expect((await pixels(first?.pictureFile)).equals(await pixels(second?.pictureFile))).toBe(true);
  expect(pictureFiles(studio.home)).toHaveLength(2);
});

test('a picture of A1111 is read; what Tessera has no field for is kept and shown, and undone at a press', async ({
  studio,
}) => {
  const parameters = `a lighthouse in a storm, (waves:1.3)
Negative prompt: text, watermark
Steps: 28, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 987654321, Size: 512x768, Model hash: abcdef1234, Model: dreamy_v3, Denoising strength: 0.4, Hires upscale: 2, Lora hashes: "waves: 1a2b3c", Version: v1.10.1`;
  const page = await studio.open();
  const make = new MakeScreen(page);
  await make.prompt.fill('my own words');
  await drop(page, { name: 'theirs.png', bytes: await pngWithTexts({ parameters }) });
  await expect(make.prompt).toHaveValue('a lighthouse in a storm, (waves:1.3)');
  await expect(page.getByRole('textbox', { name: 'Not in the picture' })).toHaveValue('text, watermark');
  await expect(page.getByRole('spinbutton', { name: 'Steps' })).toHaveValue('28');
  await expect(page.getByRole('spinbutton', { name: 'Width' })).toHaveValue('512');
  await expect(page.getByRole('spinbutton', { name: 'Height' })).toHaveValue('768');
  await expect(page.getByRole('spinbutton', { name: 'Guidance' })).toHaveValue('6.5');
  await expect(page.getByRole('textbox', { name: 'Seed' })).toHaveValue('987654321');
  await expect(page.getByRole('combobox', { name: 'Scheduler: DPM++ 2M Karras' })).toBeVisible();
  await expect(page.getByText(/made with “dreamy_v3”, which is not in your list/)).toBeVisible();
  const unknown = page.getByTestId('unknown-settings');
  await expect(unknown).toContainText('Denoising strength');
  await expect(unknown).toContainText('0.4');
  await expect(unknown).toContainText('Lora hashes');
  await expect(unknown).toContainText('waves: 1a2b3c');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(make.prompt).toHaveValue('my own words');
  await expect(unknown).toBeHidden();
});

test('a file without settings, a broken one and a stranger say so and change nothing', async ({ studio }) => {
  const page = await studio.open();
  const make = new MakeScreen(page);
  await make.prompt.fill('my own words');
  const plain = await pngWithTexts({});
  await drop(page, { name: 'plain.png', bytes: plain });
  await expect(page.getByText(/carries no settings/)).toBeVisible();
  await drop(page, { name: 'broken.png', bytes: plain.subarray(0, 20) });
  await expect(page.getByText('“broken.png” could not be read')).toBeVisible();
  await drop(page, { name: 'notes.txt', bytes: Buffer.from('hello') });
  await expect(page.getByText('“notes.txt” cannot be opened here')).toBeVisible();
  await expect(make.prompt).toHaveValue('my own words');
});
