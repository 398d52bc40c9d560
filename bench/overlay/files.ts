import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { packTessera } from '#contract/archive/archive.ts';
import type { MergeMaps } from '#contract/archive/merge-maps.ts';
import { tomesdMerging } from '#contract/request.ts';
import { dice, fieldOf } from '#tests/merge-field.ts';

export const steps = 20;
const sidePx = 1024;
/** The blocks of SD 1.5 that merge at max downsample 2, and their grids for a picture of 1024 px. */
const blocks = [
  ['down_blocks.0.attentions.0', 128],
  ['down_blocks.0.attentions.1', 128],
  ['down_blocks.1.attentions.0', 64],
  ['down_blocks.1.attentions.1', 64],
  ['up_blocks.2.attentions.0', 64],
  ['up_blocks.2.attentions.1', 64],
  ['up_blocks.3.attentions.0', 128],
  ['up_blocks.3.attentions.1', 128],
  ['up_blocks.3.attentions.2', 128],
] as const;

/** A `.tessera` file as a picture of 1024 px gives it: 20 steps, nine blocks, both halves of guidance. */
export async function writeTesseraFile(folder: string, seed: number): Promise<string> {
  const fields = blocks.map(([block, side], i) => {
    const field = fieldOf({ gridW: side, gridH: side, steps, batch: 2, ratio: 0.5, seed: seed * 100 + i });
    return { field, block: field.blocks.map((each) => ({ ...each, block })) };
  });
  const [first] = fields;
  if (first === undefined) throw new Error('There are no blocks.');
  const maps: MergeMaps = {
    steps: first.field.steps,
    grids: [128, 64].flatMap(
      (side) => fields.map(({ field }) => field.grids[0]).find((grid) => grid?.gridW === side) ?? [],
    ),
    blocks: fields.flatMap(({ block }) => block),
  };
  const bytes = await packTessera({
    kind: 'picture',
    request: {
      prompt: `a field of seed ${seed}`,
      negativePrompt: '',
      widthPx: sidePx,
      heightPx: sidePx,
      steps,
      scheduler: 'euler',
      guidanceScale: 7,
      seed,
      count: 1,
      merging: { ...tomesdMerging, ratio: 0.5, maxDownsample: 2 },
    },
    modelName: 'bench',
    createdAt: Date.now(),
    picture: await pictureOf(seed),
    maps,
  });
  const path = join(folder, `field-${seed}.tessera`);
  await writeFile(path, bytes);
  return path;
}

/** Soft waves of colour: as hard to compress and to scale as a picture. */
async function pictureOf(seed: number): Promise<Buffer> {
  const roll = dice(seed);
  const waves = Array.from({ length: 3 }, () => [roll() * 0.02, roll() * 0.02, roll() * 6] as const);
  const rgb = new Uint8Array(sidePx * sidePx * 3);
  for (let y = 0; y < sidePx; y++)
    for (let x = 0; x < sidePx; x++)
      waves.forEach(([ax, ay, shift], channel) => {
        rgb[3 * (y * sidePx + x) + channel] = 127 + 100 * Math.sin(ax * x + ay * y + shift) + roll() * 20;
      });
  return await sharp(rgb, { raw: { width: sidePx, height: sidePx, channels: 3 } })
    .png()
    .toBuffer();
}
