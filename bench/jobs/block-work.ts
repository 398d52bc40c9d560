import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { normalValues } from '../models/normal.ts';
import { createRandomWeights } from '../models/random-weights.ts';
import { writeFloats, writeSafetensors } from '../models/safetensors-writer.ts';
import type { Work } from '../protocol.ts';

/** SD 1.5's largest attention: two halves of guidance, 320 channels, 8 heads. */
const BATCH = 2;
const CHANNELS = 320;
const HEADS = 8;
const SEED = 64;

/** Pixels of SD 1.5 a token of the largest grid. */
export const PX_PER_TOKEN = 8;
export const blockNote = `Batch ${BATCH}, ${CHANNELS} channels, ${HEADS} heads, float32: match, norm, merge, self-attention, unmerge, add.`;

/** The block's work on a grid of tokens, its weights and inputs written for both sides. */
export async function writeBlockWork(folder: string, gridW: number, gridH: number): Promise<Work> {
  const own = await mkdtemp(join(folder, 'block-'));
  const weights = await writeBlockWeights(own);
  return { kind: 'block', weights, inputs: await writeTokens(own, gridW, gridH), headCount: HEADS };
}

async function writeTokens(folder: string, gridW: number, gridH: number): Promise<string> {
  const path = join(folder, 'tokens.safetensors');
  const shape = [BATCH, gridH, gridW, CHANNELS];
  const data = normalValues(SEED, BATCH * gridH * gridW * CHANNELS);
  await writeFloats(path, { tokens: { data, shape } });
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
