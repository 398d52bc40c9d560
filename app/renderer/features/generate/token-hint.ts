import { m } from '../../paraglide/messages.js';

/** CLIP reads 75 tokens between its begin and end marks. */
const readTokens = 75;

/**
 * About how many tokens a prompt has. CLIP's own tokeniser is on the main side; most words are one token, long ones
 * more, and every sign is one: good enough for "near the end", so it is shown with "about".
 */
export function estimateTokens(prompt: string): number {
  const plain = prompt.replace(/\(([^()]*):[\d.]+\)/g, '$1');
  const pieces = plain.match(/[\p{L}\p{M}]+|\p{N}|[^\s\p{L}\p{M}\p{N}]+/gu) ?? [];
  return pieces.reduce((sum, piece) => sum + Math.max(1, Math.ceil((piece.length - 4) / 6)), 0);
}

export function tokenHint(prompt: string): { text: string | undefined; over: boolean } {
  if (prompt.trim() === '') return { text: undefined, over: false };
  const count = estimateTokens(prompt);
  const over = count > readTokens;
  return { text: m.generate_tokens({ count, max: readTokens }), over };
}
