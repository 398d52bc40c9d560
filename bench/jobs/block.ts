import { join } from 'node:path';
import { FLOAT_LIMIT, measure, wantedFigures, type Bench } from '../measure.ts';
import { normalValues } from '../models/normal.ts';
import { createRandomWeights } from '../models/random-weights.ts';
import { writeFloats, writeSafetensors } from '../models/safetensors-writer.ts';
import type { BenchOptions } from '../options.ts';
import type { Planned } from '../planned.ts';
import type { StudyKey } from '../results.ts';

/** SD 1.5's largest attention: two halves of guidance, 320 channels, 8 heads. */
const BATCH = 2;
const CHANNELS = 320;
const HEADS = 8;
/** Pixels of SD 1.5 a token of the largest grid. */
const PX_PER_TOKEN = 8;
const SEED = 64;

export function planBlock(bench: Bench, options: BenchOptions): Planned[] {
  return options.sizesPx.map((sizePx) => {
    const side = sizePx / PX_PER_TOKEN;
    const key: StudyKey = { topic: 'block', sizePx };
    const title = `Attention block, ${side}×${side} tokens (SD 1.5 at ${sizePx} px)`;
    return {
      key,
      title,
      isSized: true,
      wanted: wantedFigures(bench, options.ratios),
      run: async () =>
        measure(bench, {
          key,
          title,
          work: {
            kind: 'block',
            weights: await writeBlockWeights(bench.folder),
            inputs: await writeTokens(bench.folder, side),
            headCount: HEADS,
          },
          ratios: options.ratios,
          rounds: options.rounds,
          sameWorkLimit: FLOAT_LIMIT,
          notes: [
            `Batch ${BATCH}, ${CHANNELS} channels, ${HEADS} heads, float32: match, norm, merge, self-attention, unmerge, add.`,
          ],
        }),
    };
  });
}

async function writeTokens(folder: string, side: number): Promise<string> {
  const path = join(folder, `tokens-${side}.safetensors`);
  const shape = [BATCH, side, side, CHANNELS];
  await writeFloats(path, { tokens: { data: normalValues(SEED, BATCH * side * side * CHANNELS), shape } });
  return path;
}

async function writeBlockWeights(folder: string): Promise<string> {
  const path = join(folder, 'block.safetensors');
  const matrices = ['to_q', 'to_k', 'to_v', 'to_out.0'].map((name) => ({
    name: `attn1.${name}.weight`,
    shape: [CHANNELS, CHANNELS],
  }));
  const vectors = ['norm1.weight', 'norm1.bias', 'attn1.to_out.0.bias'].map((name) => ({
    name,
    shape: [CHANNELS],
  }));
  const tensors = [...matrices, ...vectors].map((tensor) => ({ ...tensor, dtype: 'F16' as const }));
  await writeSafetensors(path, tensors, createRandomWeights(SEED));
  return path;
}
