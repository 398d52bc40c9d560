import { cpSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { sd15Tensors } from '#bench/models/sd15.ts';
import { safetensorsHeader, tensorBytes } from '#bench/models/safetensors-writer.ts';
import { goldenFolder } from '#tests/golden-model.ts';
import { writeSafetensors } from '#tests/safetensors-file.ts';
import { drop } from '../fixtures/drop.ts';
import { MakeScreen } from '../fixtures/make-screen.ts';
import { expect, test } from '../fixtures/test.ts';

test('files that are no checkpoint are refused, each with its reason @browser', async ({ studio }, info) => {
  studio.faults.expect(/422/);
  const page = await studio.open();
  const zip = zipSync({ 'unet.bin': new Uint8Array(64) });
  await drop(page, { name: 'renamed.safetensors', bytes: zip });
  await expect(page.getByText('renamed.safetensors').first()).toBeVisible();
  await expect(page.getByText(/ZIP archive|pickle|header/i).first()).toBeVisible();
  mkdirSync(info.outputDir, { recursive: true });
  const lora = info.outputPath('lora.safetensors');
  await writeSafetensors(lora, {
    'lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight': { dtype: 'F32', shape: [4, 8] },
    'lora_unet_down_blocks_0_attentions_0_proj_in.lora_up.weight': { dtype: 'F32', shape: [8, 4] },
    'lora_unet_down_blocks_0_attentions_0_proj_in.alpha': { dtype: 'F32', shape: [1] },
  });
  await drop(page, { name: 'style.safetensors', bytes: readFileSync(lora) });
  await expect(page.getByText(/LoRA/).first()).toBeVisible();
  expect((await readdir(join(studio.home, 'models'))).filter((name) => name.includes('safetensors'))).toEqual(
    [],
  );
});

test('a checkpoint in the folder of models is listed, chosen, and makes a picture', async ({ studio }) => {
  cpSync(join(goldenFolder, 'tiny-sd15'), join(studio.home, 'models', 'tiny-sd15'), { recursive: true });
  const page = await studio.open();
  await page.getByTestId('rail-models').click();
  const row = page.getByTestId('model-item').filter({ hasText: 'tiny-sd15' });
  await row.getByTestId('model-use').click();
  await page.getByTestId('rail-make').click();
  const make = new MakeScreen(page);
  await make.prompt.fill('anything');
  await make.setSquare(64);
  await make.setNumber('Steps', 2);
  await make.make();
  await make.waitFor('done');
  expect(studio.row().state).toBe('done');
});

/** A checkpoint of SD 1.5's shape whose weights are a hole in the file: as long as a real one, quick to make. */
async function sparseCheckpoint(path: string): Promise<void> {
  const tensors = await sd15Tensors();
  const header = safetensorsHeader(tensors);
  writeFileSync(path, header);
  truncateSync(
    path,
    tensors.reduce((size, tensor) => size + tensorBytes(tensor), header.length),
  );
}

test('a checkpoint of two gigabytes is sent by the window, listed with its kind, and chosen @browser', async ({
  studio,
}, info) => {
  mkdirSync(info.outputDir, { recursive: true });
  const path = info.outputPath('landscapes.safetensors');
  await sparseCheckpoint(path);
  const page = await studio.open();
  await page.getByTestId('rail-models').click();
  await page.getByTestId('models-file').setInputFiles(path);
  const row = page.getByTestId('model-item').filter({ hasText: 'landscapes' });
  await expect(row).toContainText('SD 1.x', { timeout: 90_000 });
  await expect(row).toContainText('F16');
  await row.getByTestId('model-use').click();
  await expect(page.getByTestId('model-select')).toContainText('landscapes');
  expect(statSync(join(studio.home, 'models', 'landscapes.safetensors')).size).toBe(statSync(path).size);
  rmSync(path);
});
