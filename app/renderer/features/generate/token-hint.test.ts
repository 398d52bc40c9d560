import { describe, expect, it } from 'vitest';
import { estimateTokens } from './token-hint.ts';

describe('estimateTokens', () => {
  it('counts words and signs', () => {
    expect(estimateTokens('a red sun, blue mountains')).toBe(6);
  });
  it('does not count weights', () => {
    expect(estimateTokens('a (red:1.2) sun')).toBe(estimateTokens('a red sun'));
  });
  it('takes very long prompts', () => {
    expect(estimateTokens('word '.repeat(20_000))).toBe(20_000);
  });
});
