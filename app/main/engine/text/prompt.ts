import { invariant } from '#contract/errors.ts';
import type { ClipTokenizer } from './tokenizer.ts';
import { parsePrompt } from './weights.ts';

/*
 * Prompts of any length: they are cut into chunks of as many tokens as the text encoder takes, each with its own begin and end.
 * Source: AUTOMATIC1111/stable-diffusion-webui, wiki "Features", section "Infinite prompt length".
 */

/** A chunk that fills up is cut at its last comma, when that is at most this many tokens back. */
const commaBacktrack = 20;

export interface PromptChunk {
  /** As long as the text encoder's positions: begin, tokens, end, padding. */
  readonly ids: number[];
  /** One for each id; 1 where nothing is emphasised. */
  readonly weights: number[];
}

export interface ChunkedPrompt {
  readonly chunks: PromptChunk[];
  /** Tokens of the prompt, full chunks counted whole. */
  readonly tokenCount: number;
}

interface WeightedToken {
  readonly id: number;
  readonly weight: number;
}

/** Cuts a prompt into chunks of `maxPositions` ids. `padId` fills up after the end token: the end token itself in SD 1.x, 0 in SD 2.x. */
export function chunkPrompt(
  tokenizer: ClipTokenizer,
  text: string,
  maxPositions: number,
  padId: number = tokenizer.eosId,
): ChunkedPrompt {
  const capacity = maxPositions - 2;
  invariant(capacity >= 1, `A text encoder of ${maxPositions} positions has no room for a prompt.`);
  const full: WeightedToken[][] = [];
  let current: WeightedToken[] = [];
  for (const part of parsePrompt(text)) {
    if (part === 'break') {
      full.push(current);
      current = [];
      continue;
    }
    for (const id of tokenizer.encode(part.text)) {
      if (current.length === capacity) {
        const cut = id === tokenizer.commaId ? capacity : cutPosition(current, tokenizer.commaId);
        full.push(current.slice(0, cut));
        current = current.slice(cut);
      }
      current.push({ id, weight: part.weight });
    }
  }
  const tokenCount = full.length * capacity + current.length;
  if (current.length > 0 || full.length === 0) full.push(current);
  return { chunks: full.map((tokens) => closeChunk(tokenizer, tokens, maxPositions, padId)), tokenCount };
}

/** Behind the last comma, if it is near the end; else the end. */
function cutPosition(tokens: readonly WeightedToken[], commaId: number | undefined): number {
  const comma = commaId === undefined ? -1 : tokens.findLastIndex(({ id }) => id === commaId);
  return comma >= 0 && tokens.length - comma <= commaBacktrack ? comma + 1 : tokens.length;
}

function closeChunk(
  tokenizer: ClipTokenizer,
  tokens: readonly WeightedToken[],
  length: number,
  padId: number,
): PromptChunk {
  const ids = tokenizer.padTo(
    tokens.map(({ id }) => id),
    length,
    padId,
  );
  return { ids, weights: ids.map((_, i) => tokens[i - 1]?.weight ?? 1) };
}

/** Both prompts of guidance, the shorter one filled up with empty chunks to the length of the other. */
export function chunkPromptPair(
  tokenizer: ClipTokenizer,
  prompts: { readonly positive: string; readonly negative: string },
  maxPositions: number,
  padId: number = tokenizer.eosId,
): { positive: ChunkedPrompt; negative: ChunkedPrompt } {
  const positive = chunkPrompt(tokenizer, prompts.positive, maxPositions, padId);
  const negative = chunkPrompt(tokenizer, prompts.negative, maxPositions, padId);
  const count = Math.max(positive.chunks.length, negative.chunks.length);
  const fill = ({ chunks, tokenCount }: ChunkedPrompt): ChunkedPrompt => {
    const missing = Array.from({ length: count - chunks.length }, () =>
      closeChunk(tokenizer, [], maxPositions, padId),
    );
    return { chunks: [...chunks, ...missing], tokenCount };
  };
  return { positive: fill(positive), negative: fill(negative) };
}

/** Emphasis on the encoder's output of one chunk, `hidden` [T,C] with one weight for each of T tokens: each vector times its weight,
 *  then all of them scaled so that their mean is what it was.
 *  Source: AUTOMATIC1111/stable-diffusion-webui, emphasis mode "Original". */
export function applyWeights(hidden: Float32Array, weights: readonly number[]): Float32Array {
  const channels = hidden.length / weights.length;
  invariant(
    Number.isInteger(channels),
    `${hidden.length} values of text cannot have ${weights.length} weights.`,
  );
  if (weights.every((weight) => weight === 1)) return hidden.slice();
  const weighted = hidden.map((value, i) => value * (weights[Math.floor(i / channels)] ?? 1));
  const before = sum(hidden);
  const after = sum(weighted);
  // Weights that cancel out leave no mean to restore.
  const scale = before === 0 || after === 0 ? 1 : before / after;
  return weighted.map((value) => value * scale);
}

function sum(values: Float32Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
