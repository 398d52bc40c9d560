import { join } from 'node:path';
import { FLOAT_LIMIT, measure, type Bench } from '../measure.ts';
import { normalValues } from '../models/normal.ts';
import { createRandomWeights } from '../models/random-weights.ts';
import { writeFloats, writeSafetensors } from '../models/safetensors-writer.ts';
import type { BenchOptions } from '../options.ts';
import type { Study } from '../results.ts';

/** SD 1.5's largest attention: two halves of guidance, 320 channels, 8 heads. */
const BATCH = 2;
const CHANNELS = 320;
const HEADS = 8;
/** Pixels of SD 1.5 a token of the largest grid. */
const PX_PER_TOKEN = 8;
const SEED = 64;

export async function measureBlock(bench: Bench, options: BenchOptions): Promise<Study[]> {
  const weights = await writeBlockWeights(bench.folder);
  const studies: Study[] = [];
  for (const sizePx of options.sizesPx) {
    const side = sizePx / PX_PER_TOKEN;
    const shape = [BATCH, side, side, CHANNELS];
    const inputs = join(bench.folder, `tokens-${side}.safetensors`);
    await writeFloats(inputs, {
      tokens: { data: normalValues(SEED, BATCH * side * side * CHANNELS), shape },
    });
    studies.push(
      await measure(bench, {
        title: `Attention block, ${side}×${side} tokens (SD 1.5 at ${sizePx} px)`,
        work: { kind: 'block', weights, inputs, headCount: HEADS },
        ratios: options.ratios,
        rounds: options.rounds,
        sameWorkLimit: FLOAT_LIMIT,
        notes: [
          `Batch ${BATCH}, ${CHANNELS} channels, ${HEADS} heads, float32: match, norm, merge, self-attention, unmerge, add.`,
        ],
      }),
    );
  }
  return studies;
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
