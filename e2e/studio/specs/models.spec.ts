import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { zipSync } from 'fflate';
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
