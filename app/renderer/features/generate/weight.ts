/** Weights as A1111 writes them: `(word:1.1)`. What Ctrl+↑ and Ctrl+↓ change. */

export interface Edit {
  /** The part of the text that is replaced, and by what. */
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  /** What is selected afterwards. */
  readonly selectionStart: number;
  readonly selectionEnd: number;
}

const step = 0.1;
const lightest = 0;
const heaviest = 2;
const wordEnd = /[\s,.;:()[\]|]/;

/** The edit that makes the word at the caret, or what is selected, count more (+1) or less (−1). Undefined where there is no word. */
export function changeWeight(text: string, from: number, to: number, direction: 1 | -1): Edit | undefined {
  const target = from === to ? wordAt(text, from) : trimmed(text, from, to);
  if (target === undefined) return undefined;
  const around = weightedAround(text, target);
  const inner = around === undefined ? text.slice(target.start, target.end) : around.inner;
  const { start, end } = around ?? target;
  const weight = round(Math.min(heaviest, Math.max(lightest, (around?.weight ?? 1) + direction * step)));
  const plain = weight === 1;
  const replacement = plain ? inner : `(${inner}:${String(weight)})`;
  const selectionStart = start + (plain ? 0 : 1);
  return { start, end, replacement, selectionStart, selectionEnd: selectionStart + inner.length };
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function wordAt(text: string, caret: number): Span | undefined {
  let start = caret;
  let end = caret;
  while (start > 0 && !wordEnd.test(text.charAt(start - 1))) start -= 1;
  while (end < text.length && !wordEnd.test(text.charAt(end))) end += 1;
  if (start === end) return undefined;
  // The caret stands in the number of "(word:1.1)": the word before it is meant.
  const weighted = [...text.matchAll(/\(([^()]*):([\d.]+)\)/g)].find(
    (match) => caret > match.index && caret < match.index + match[0].length,
  );
  if (weighted?.[1] === undefined) return { start, end };
  return { start: weighted.index + 1, end: weighted.index + 1 + weighted[1].length };
}

function trimmed(text: string, from: number, to: number): Span | undefined {
  const chosen = text.slice(from, to);
  const start = from + (chosen.length - chosen.trimStart().length);
  const end = to - (chosen.length - chosen.trimEnd().length);
  return start < end ? { start, end } : undefined;
}

/** The weighted group that holds exactly this span, or that this span is. */
function weightedAround(
  text: string,
  { start, end }: Span,
): (Span & { inner: string; weight: number }) | undefined {
  const whole = /^\((.*):([\d.]+)\)$/s.exec(text.slice(start, end));
  if (whole?.[1] !== undefined) return { start, end, inner: whole[1], weight: Number(whole[2]) };
  const after = /^:([\d.]+)\)/.exec(text.slice(end));
  if (text.charAt(start - 1) !== '(' || after === null) return undefined;
  return {
    start: start - 1,
    end: end + after[0].length,
    inner: text.slice(start, end),
    weight: Number(after[1]),
  };
}

function round(weight: number): number {
  return Math.round(weight * 100) / 100;
}
