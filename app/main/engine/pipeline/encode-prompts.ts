import { invariant } from '#contract/errors.ts';
import { applyWeights, chunkPromptPair, type ChunkedPrompt, type PromptChunk } from '../text/prompt.ts';
import type { Model } from './model.ts';

export interface EncodedPrompts {
  /** [B, T, C]; with guidance B = 2, the negative prompt first; without it only the prompt. */
  readonly hidden: Float32Array;
  readonly batch: number;
  /** T: positions of all chunks. */
  readonly positions: number;
  /** Tokens of the prompt and of the negative prompt, as the user counts them. */
  readonly tokenCount: number;
  readonly negativeTokenCount: number;
  readonly tokeniseMs: number;
  readonly textMs: number;
}

/** CLIP's vocabulary ends with the end token under this id. */
const clipEosId = 49407;
/** What OpenCLIP, the text encoder of SD 2.x, was trained to see after the end. */
const openClipPadId = 0;

export async function encodePrompts(
  model: Model,
  prompts: { readonly prompt: string; readonly negativePrompt: string },
  withGuidance: boolean,
): Promise<EncodedPrompts> {
  const { kind, textEncoder } = model.checkpoint;
  const tokenizer = await model.tokenizer();
  const start = performance.now();
  // A small model brings its own vocabulary, and pads with its end token whatever its kind.
  const padId = kind !== 'sd1' && tokenizer.eosId === clipEosId ? openClipPadId : tokenizer.eosId;
  const pair = chunkPromptPair(
    tokenizer,
    { positive: prompts.prompt, negative: withGuidance ? prompts.negativePrompt : '' },
    textEncoder.config.maxPositions,
    padId,
  );
  const tokenised = performance.now();
  const used = withGuidance ? [pair.negative, pair.positive] : [pair.positive];
  const encoded = await encodeChunks(model, used);
  return {
    hidden: join(used.flatMap(({ chunks }) => chunks.map((chunk) => weigh(chunk, encoded)))),
    batch: used.length,
    positions: pair.positive.chunks.length * textEncoder.config.maxPositions,
    tokenCount: pair.positive.tokenCount,
    negativeTokenCount: withGuidance ? pair.negative.tokenCount : 0,
    tokeniseMs: tokenised - start,
    textMs: encoded.tookMs,
  };
}

interface Encoded {
  readonly get: (chunk: PromptChunk) => Float32Array;
  readonly tookMs: number;
}

async function encodeChunks(model: Model, prompts: readonly ChunkedPrompt[]): Promise<Encoded> {
  const byKey = new Map<string, Float32Array>();
  let tookMs = 0;
  for (const { ids } of prompts.flatMap(({ chunks }) => chunks)) {
    if (byKey.has(ids.join())) continue;
    let hidden = model.textCache.get(ids);
    if (hidden === undefined) {
      const encoder = await model.textEncoder();
      const start = performance.now();
      hidden = await encoder.run(Int32Array.from(ids), 1);
      tookMs += performance.now() - start;
      model.textCache.set(ids, hidden);
    }
    byKey.set(ids.join(), hidden);
  }
  await model.restTextEncoder();
  return {
    tookMs,
    get({ ids }) {
      const hidden = byKey.get(ids.join());
      invariant(hidden !== undefined, 'A chunk of the prompt was not encoded.');
      return hidden;
    },
  };
}

function weigh(chunk: PromptChunk, encoded: Encoded): Float32Array {
  return applyWeights(encoded.get(chunk), chunk.weights);
}

function join(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
