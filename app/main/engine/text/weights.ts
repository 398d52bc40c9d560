/*
 * The prompt syntax of AUTOMATIC1111's web UI: (word) is 1.1 times as strong, [word] 1.1 times weaker, (word:1.3) 1.3 times;
 * brackets nest by multiplying, a backslash takes a bracket's meaning away, BREAK starts a new chunk.
 * Source: AUTOMATIC1111/stable-diffusion-webui, wiki "Features", sections "Attention/emphasis" and "BREAK keyword".
 * Differs: BREAK inside brackets breaks too (there it becomes a word of negative weight).
 */

export interface WeightedText {
  readonly text: string;
  readonly weight: number;
}

/** A prompt in order: pieces of text, and the places where a new chunk starts. */
export type PromptPart = WeightedText | 'break';

const bracketFactor = 1.1;
/** Beyond this a weight is no emphasis any more, and float32 would overflow. Fifty nested brackets reach it. */
const maxWeight = 100;

const tokenPattern = /\\[\\()[\]]?|[()[\]]|:\s*(?<weight>[+-]?[.\d]+)\s*\)|[^\\()[\]:]+|:/gu;
const breakPattern = /(?<![\p{L}\p{N}_])BREAK(?![\p{L}\p{N}_])/u;

interface Piece {
  readonly text: string;
  readonly isBreak: boolean;
  weight: number;
}

/** Never throws: brackets that do not pair up count as closed at the end, or as text. */
export function parsePrompt(prompt: string): PromptPart[] {
  const pieces: Piece[] = [];
  const opened: { round: number[]; square: number[] } = { round: [], square: [] };
  const scale = (start: number, factor: number): void => {
    for (const piece of pieces.slice(start)) piece.weight *= factor;
  };
  const add = (text: string): void => {
    pieces.push({ text, isBreak: false, weight: 1 });
  };
  for (const match of prompt.matchAll(tokenPattern)) {
    const [token] = match;
    const weight = Number(match.groups?.['weight'] ?? NaN);
    if (token.startsWith('\\')) add(token.slice(1));
    else if (token === '(') opened.round.push(pieces.length);
    else if (token === '[') opened.square.push(pieces.length);
    else if (token.startsWith(':') && token.endsWith(')') && opened.round.length > 0) {
      if (Number.isNaN(weight)) add(token.slice(0, -1));
      scale(opened.round.pop() ?? 0, Number.isNaN(weight) ? bracketFactor : weight);
    } else if (token === ')' && opened.round.length > 0) scale(opened.round.pop() ?? 0, bracketFactor);
    else if (token === ']' && opened.square.length > 0) scale(opened.square.pop() ?? 0, 1 / bracketFactor);
    else pieces.push(...splitAtBreaks(token));
  }
  for (const start of opened.round) scale(start, bracketFactor);
  for (const start of opened.square) scale(start, 1 / bracketFactor);
  return joinEqual(pieces);
}

function splitAtBreaks(text: string): Piece[] {
  const parts = text.split(breakPattern);
  return parts.flatMap((part, i): Piece[] => {
    const afterBreak = i > 0 ? part.trimStart() : part;
    const trimmed = i < parts.length - 1 ? afterBreak.trimEnd() : afterBreak;
    const piece: Piece = { text: trimmed, isBreak: false, weight: 1 };
    return i > 0 ? [{ text: '', isBreak: true, weight: 1 }, piece] : [piece];
  });
}

/** Neighbours of one weight become one text again, so that words cut by an escape stay whole. */
function joinEqual(pieces: readonly Piece[]): PromptPart[] {
  const parts: PromptPart[] = [];
  let texts: string[] = [];
  let weight = 1;
  const flush = (): void => {
    const text = texts.join('');
    if (text !== '') parts.push({ text, weight: Math.min(Math.max(weight, -maxWeight), maxWeight) });
    texts = [];
  };
  for (const piece of pieces) {
    if (piece.isBreak || piece.weight !== weight) flush();
    if (piece.isBreak) parts.push('break');
    else texts.push(piece.text);
    weight = piece.weight;
  }
  flush();
  return parts;
}
