import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { compareRgb, type Rgb } from '#studio/quality-maths.ts';
import type { Drawer, HeldOut } from './draw.ts';
import { unmerged, type Variant } from './variants.ts';

/** One picture of one variant beside the unmerged one. */
export interface Pair {
  readonly seed: number;
  /** null: the same picture, byte for byte. */
  readonly psnrDb: number | null;
  readonly ssim: number;
  /** Time of its steps over the unmerged picture's. */
  readonly timeShare: number;
  readonly stepsMs: number;
}

export interface Compared {
  readonly name: string;
  readonly pairs: readonly Pair[];
  readonly warnings: readonly string[];
}

/** Prompt by prompt, every variant after the unmerged picture, so that what slows the machine slows all of them. */
export async function compareVariants(
  drawer: Drawer,
  variants: readonly Variant[],
  prompts: readonly HeldOut[],
  saveTo: string | undefined,
  say: (text: string) => void,
): Promise<Compared[]> {
  const results = variants.map(({ name }) => ({ name, pairs: [] as Pair[], warnings: [] as string[] }));
  await warmUp(drawer, variants, prompts, say);
  for (const [i, prompt] of prompts.entries()) {
    say(`Prompt ${i + 1} of ${prompts.length}`);
    const plain = await drawer.draw(unmerged, prompt);
    await save(saveTo, unmerged.name, i, plain.picture);
    for (const [at, variant] of variants.entries()) {
      const drawn = await drawer.draw(variant, prompt);
      await save(saveTo, variant.name, i, drawn.picture);
      const closeness = compareRgb(plain.picture, drawn.picture);
      const result = results[at];
      if (closeness === undefined || result === undefined)
        throw new RangeError('The pictures differ in size.');
      const timeShare = drawn.stepsMs / plain.stepsMs;
      result.pairs.push({ seed: prompt.seed, ...closeness, timeShare, stepsMs: drawn.stepsMs });
      if (i === 0) result.warnings.push(...drawn.warnings.filter((text) => !plain.warnings.includes(text)));
    }
  }
  return results;
}

/** Loads every graph and runs it once; no time of it is counted. */
async function warmUp(
  drawer: Drawer,
  variants: readonly Variant[],
  [first]: readonly HeldOut[],
  say: (text: string) => void,
): Promise<void> {
  if (first === undefined) return;
  say('Warm-up');
  for (const variant of [unmerged, ...variants]) await drawer.draw(variant, first);
}

async function save(folder: string | undefined, variant: string, i: number, picture: Rgb): Promise<void> {
  if (folder === undefined) return;
  const own = join(folder, variant.replaceAll(/[^\w.,-]+/g, '-'));
  await mkdir(own, { recursive: true });
  const raw = { width: picture.widthPx, height: picture.heightPx, channels: 3 } as const;
  await sharp(picture.data, { raw })
    .png()
    .toFile(join(own, `${String(i).padStart(3, '0')}.png`));
}
