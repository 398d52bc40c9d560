import { describe, expect, it } from 'vitest';
import { unknownWords, wordsOf } from './vocabulary.ts';

describe('words that a small model does not know', () => {
  const known = ['sun', 'over', 'mountains', 'red'];
  it('are found without their weights, in any case', () => {
    expect(unknownWords(wordsOf('A (Dragon:1.2) over red MOUNTAINS'), known)).toEqual(['dragon']);
  });
  it('are four at most, each once', () => {
    expect(unknownWords(wordsOf('cat cat dog bird fish cow'), known)).toEqual(['cat', 'dog', 'bird', 'fish']);
  });
  it('are none where all are known, or too short to matter', () => {
    expect(unknownWords(wordsOf('a red sun, at 12'), known)).toEqual([]);
  });
});
