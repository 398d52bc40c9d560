import { describe, expect, it } from 'vitest';
import { promptLength } from './prompt-length.ts';

describe('promptLength', () => {
  it('counts words and signs', () => {
    expect(promptLength('a red sun, blue mountains')).toEqual({ tokens: 6, chunks: 1 });
  });
  it('does not count weights and brackets', () => {
    expect(promptLength('a (red:1.2) [sun]')).toEqual(promptLength('a red sun'));
  });
  it('begins another part after 75 tokens, and at every BREAK', () => {
    expect(promptLength('word '.repeat(75)).chunks).toBe(1);
    expect(promptLength('word '.repeat(76)).chunks).toBe(2);
    expect(promptLength('a red sun BREAK blue mountains')).toEqual({ tokens: 5, chunks: 2 });
  });
  it('takes an empty prompt and very long ones', () => {
    expect(promptLength('')).toEqual({ tokens: 0, chunks: 1 });
    expect(promptLength('word '.repeat(20_000)).tokens).toBe(20_000);
  });
});
