/** CLIP reads 75 tokens between its begin and end marks; a longer prompt is read in several such parts. */
export const tokensPerChunk = 75;

export interface PromptLength {
  readonly tokens: number;
  readonly chunks: number;
}

/**
 * About how long a prompt is. CLIP's own tokeniser is on the main side; most words are one token, long ones more, and
 * every sign is one: good enough for "near the end", so it is shown with "about" until the engine has counted.
 */
export function promptLength(prompt: string): PromptLength {
  const counts = prompt.split(/\bBREAK\b/).map(estimateTokens);
  return {
    tokens: counts.reduce((sum, count) => sum + count, 0),
    chunks: counts.reduce((sum, count) => sum + Math.max(1, Math.ceil(count / tokensPerChunk)), 0),
  };
}

function estimateTokens(text: string): number {
  const plain = text.replace(/\(([^()]*):[\d.]+\)/g, '$1').replace(/[()[\]]/g, '');
  const pieces = plain.match(/[\p{L}\p{M}]+|\p{N}|[^\s\p{L}\p{M}\p{N}]+/gu) ?? [];
  return pieces.reduce((sum, piece) => sum + Math.max(1, Math.ceil((piece.length - 4) / 6)), 0);
}
