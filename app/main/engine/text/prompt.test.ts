import { beforeAll, describe, expect, it } from 'vitest';
import { applyWeights, chunkPrompt, chunkPromptPair } from './prompt.ts';
import { loadClipTokenizer } from './tokenizer.ts';
import type { ClipTokenizer } from './tokenizer.ts';
import { parsePrompt } from './weights.ts';
import { unknownWords } from './words.ts';

let clip: ClipTokenizer;
beforeAll(async () => {
  clip = await loadClipTokenizer('models/clip-bpe/vocab.json', 'models/clip-bpe/merges.txt');
});

/** The prompt as [text, weight] pairs, weights to 4 digits. */
function parsed(prompt: string): unknown[] {
  return parsePrompt(prompt).map((part) =>
    part === 'break' ? part : [part.text, Number(part.weight.toFixed(4))],
  );
}

describe('prompt weights', () => {
  it.each([
    ['plain words', 'a red cat', [['a red cat', 1]]],
    ['nothing', '', []],
    ['round brackets', '(cat)', [['cat', 1.1]]],
    ['square brackets', '[cat]', [['cat', 0.9091]]],
    ['a number', 'a (cat:1.3), blue', [['a ', 1], ['cat', 1.3], [', blue', 1]]], // prettier-ignore
    ['a number with blanks', '(cat : 1.3 )', [['cat ', 1.3]]],
    ['a number below zero', '(cat:-.5)', [['cat', -0.5]]],
    ['nesting', '((cat))', [['cat', 1.21]]],
    ['nesting of all kinds', '(a [b (c:2)])', [['a ', 1.1], ['b ', 1], ['c', 2]]], // prettier-ignore
    ['brackets left open', '(a [b', [['a ', 1.1], ['b', 1]]], // prettier-ignore
    ['brackets never opened', 'a) b] c:1.5)', [['a) b] c:1.5)', 1]]],
    ['a number that is none', '(a:1.2.3)', [['a:1.2.3', 1.1]]],
    ['escapes', String.raw`\(a\) \[b\] \\ (c\))`, [[String.raw`(a) [b] \ `, 1], ['c)', 1.1]]], // prettier-ignore
    ['a backslash alone', String.raw`a\b`, [['ab', 1]]],
    ['a colon alone', 'a: b', [['a: b', 1]]],
    ['neighbours of one weight', '(a)(b)', [['ab', 1.1]]],
    ['a weight of zero', '(a:0) b', [['a', 0], [' b', 1]]], // prettier-ignore
  ])('reads %s', (_, prompt, expected) => {
    expect(parsed(prompt)).toEqual(expected);
  });

  it.each([
    ['between words', 'a BREAK b', [['a', 1], 'break', ['b', 1]]], // prettier-ignore
    ['at both ends', 'BREAK a BREAK', ['break', ['a', 1], 'break']],
    ['inside brackets', '(a BREAK b:1.2)', [['a', 1.2], 'break', ['b', 1.2]]], // prettier-ignore
    ['not within a word', 'BREAKFAST éBREAK', [['BREAKFAST éBREAK', 1]]],
    ['not in small letters', 'break', [['break', 1]]],
  ])('finds BREAK %s', (_, prompt, expected) => {
    expect(parsed(prompt)).toEqual(expected);
  });

  it('stays finite in 10,000 brackets', () => {
    for (const prompt of ['('.repeat(10_000), '(a'.repeat(5000), '[a'.repeat(5000), ':'.repeat(10_000)]) {
      for (const part of parsePrompt(prompt)) {
        if (part !== 'break') expect(Math.abs(part.weight)).toBeLessThanOrEqual(100);
      }
    }
  });
});

describe('chunkPrompt', () => {
  const dogs = (count: number): string => Array.from({ length: count }, () => 'dog').join(' ');

  it('puts a short prompt and its weights into one chunk', () => {
    const { chunks, tokenCount } = chunkPrompt(clip, 'a (red:1.5) cat', 77);
    expect(tokenCount).toBe(3);
    expect(chunks).toHaveLength(1);
    expect(chunks[0]?.ids).toEqual(clip.padTo(clip.encode('a red cat'), 77));
    expect(chunks[0]?.weights.slice(0, 6)).toEqual([1, 1, 1.5, 1, 1, 1]);
    expect(chunks[0]?.weights).toHaveLength(77);
  });

  it('makes one chunk of an empty prompt', () => {
    const { chunks, tokenCount } = chunkPrompt(clip, '', 77);
    expect(chunks.map(({ ids }) => ids)).toEqual([clip.padTo([], 77)]);
    expect(tokenCount).toBe(0);
  });

  it('starts a new chunk after 75 tokens', () => {
    expect(chunkPrompt(clip, dogs(75), 77).chunks).toHaveLength(1);
    const { chunks, tokenCount } = chunkPrompt(clip, dogs(76), 77);
    expect(chunks.map(({ ids }) => ids)).toEqual([
      clip.padTo(clip.encode(dogs(75)), 77),
      clip.padTo(clip.encode('dog'), 77),
    ]);
    expect(tokenCount).toBe(76);
  });

  it('moves what follows a comma among the last 20 tokens to the next chunk', () => {
    // 56 tokens with the comma's index 55: 75 − 55 = 20 tokens back, so 19 dogs move.
    const near = chunkPrompt(clip, `${dogs(55)}, ${dogs(25)}`, 77);
    expect(near.chunks.map(({ ids }) => ids.indexOf(clip.eosId) - 1)).toEqual([56, 25]);
    // 21 back: too far, the chunk is cut where it is full.
    const far = chunkPrompt(clip, `${dogs(54)}, ${dogs(25)}`, 77);
    expect(far.chunks.map(({ ids }) => ids.indexOf(clip.eosId) - 1)).toEqual([75, 5]);
  });

  it('does not cut before a comma that comes first in the next chunk', () => {
    const { chunks } = chunkPrompt(clip, `${dogs(70)}, ${dogs(4)}, dog`, 77);
    expect(chunks.map(({ ids }) => ids.indexOf(clip.eosId) - 1)).toEqual([75, 2]);
  });

  it('starts a new chunk at BREAK, and keeps an empty one between two', () => {
    const lengths = (text: string): number[] =>
      chunkPrompt(clip, text, 77).chunks.map(({ ids }) => ids.indexOf(clip.eosId) - 1);
    expect(lengths('cat BREAK dog dog')).toEqual([1, 2]);
    expect(lengths('cat BREAK BREAK dog')).toEqual([1, 0, 1]);
    expect(lengths('cat BREAK')).toEqual([1]);
    expect(chunkPrompt(clip, 'cat BREAK dog', 77).tokenCount).toBe(76);
  });

  it('fits encoders with fewer positions, and pads with the given id', () => {
    const { chunks } = chunkPrompt(clip, 'cat dog cat dog', 5, 0);
    expect(chunks.map(({ ids }) => ids)).toEqual([
      clip.padTo(clip.encode('cat dog cat'), 5),
      [clip.bosId, ...clip.encode('dog'), clip.eosId, 0, 0],
    ]);
  });

  it('takes 10,000 characters', () => {
    const text = 'Ünïcode 🐱, '.repeat(1000).slice(0, 10_000);
    const { chunks } = chunkPrompt(clip, text, 77);
    expect(chunks.length).toBeGreaterThan(10);
    expect(chunks.every(({ ids, weights }) => ids.length === 77 && weights.length === 77)).toBe(true);
  });

  it('fills the shorter of two prompts up with empty chunks', () => {
    const pair = chunkPromptPair(clip, { positive: dogs(100), negative: 'cat' }, 77, 0);
    expect(pair.positive.chunks).toHaveLength(2);
    expect(pair.negative.chunks.map(({ ids }) => ids)).toEqual([
      clip.padTo(clip.encode('cat'), 77, 0),
      clip.padTo([], 77, 0),
    ]);
  });
});

describe('applyWeights', () => {
  it('multiplies, then restores the mean', () => {
    // By hand: [1 2 | 3 4 | 5 6] × 1, 2, .5 = [1 2 | 6 8 | 2.5 3]; the sums are 21 and 22.5, so all × 21/22.5 = 14/15.
    const actual = applyWeights(Float32Array.from([1, 2, 3, 4, 5, 6]), [1, 2, 0.5]);
    const expected = [14 / 15, 28 / 15, 84 / 15, 112 / 15, 35 / 15, 42 / 15];
    expected.forEach((value, i) => {
      expect(actual[i]).toBeCloseTo(value, 6);
    });
  });

  it('equals the same arithmetic in Python on values of both signs', () => {
    // z=[.5,-1.25,2,.75,-.125,1.5]; y=[a*b for a,b in zip(z,[1.3,1.3,1,1,.9,.9])]; [v*sum(z)/sum(y) for v in y]
    const actual = applyWeights(Float32Array.from([0.5, -1.25, 2, 0.75, -0.125, 1.5]), [1.3, 1, 0.9]);
    const expected = [0.7282158, -1.8205394, 2.2406639, 0.840249, -0.1260373, 1.5124481];
    expected.forEach((value, i) => {
      expect(actual[i]).toBeCloseTo(value, 6);
    });
  });

  it('leaves text alone that nothing emphasises, and stays finite where weights cancel out', () => {
    const hidden = Float32Array.from([0.1, 0.2, 0.3]);
    expect(applyWeights(hidden, [1, 1, 1])).toEqual(hidden);
    expect(applyWeights(Float32Array.from([1, 1]), [1, -1])).toEqual(Float32Array.from([1, -1]));
    expect(applyWeights(Float32Array.from([1, -1]), [2, 2])).toEqual(Float32Array.from([2, -2]));
  });
});

describe('unknownWords', () => {
  it('names each word that a small model does not know once, without the syntax around it', () => {
    const vocabulary = ['a', 'red', 'Circle', 'on', 'blue'];
    expect(unknownWords('a (Red:1.3) circle BREAK on a [house], House 2', vocabulary)).toEqual([
      'house',
      '2',
    ]);
    expect(unknownWords('', vocabulary)).toEqual([]);
  });
});
