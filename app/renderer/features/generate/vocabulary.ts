const shown = 4;

/** The words of a prompt, each once, without weights and signs. */
export function wordsOf(prompt: string): string[] {
  return [...new Set(prompt.toLowerCase().match(/\p{L}+/gu))];
}

/** The first words that a small model was never taught; articles and the like are too short to matter. */
export function unknownWords(words: readonly string[], known: readonly string[]): string[] {
  const list = new Set(known);
  return words.filter((word) => word.length > 2 && word !== 'break' && !list.has(word)).slice(0, shown);
}
