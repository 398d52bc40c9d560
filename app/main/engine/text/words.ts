import { parsePrompt } from './weights.ts';

const wordPattern = /\p{L}[\p{L}\p{M}]*|\p{N}/gu;

/** The words of a prompt that a model with a small vocabulary does not know, in order, each once. Weights and BREAK are not words. */
export function unknownWords(text: string, vocabulary: readonly string[]): string[] {
  const known = new Set(vocabulary.map(fold));
  const unknown = parsePrompt(text)
    .flatMap((part) => (part === 'break' ? [] : [...fold(part.text).matchAll(wordPattern)]))
    .map(([word]) => word)
    .filter((word) => !known.has(word));
  return [...new Set(unknown)];
}

function fold(text: string): string {
  return text.normalize('NFC').toLowerCase();
}
