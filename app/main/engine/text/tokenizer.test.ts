import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadClipTokenizer } from './tokenizer.ts';
import type { ClipTokenizer } from './tokenizer.ts';

const golden = JSON.parse(await readFile('tests/golden/clip-tokens.json', 'utf8')) as readonly {
  readonly text: string;
  readonly ids: readonly number[];
}[];

let clip: ClipTokenizer;
let folder: string;
beforeAll(async () => {
  clip = await loadClipTokenizer('models/clip-bpe/vocab.json', 'models/clip-bpe/merges.txt');
  folder = await mkdtemp(join(tmpdir(), 'tessera-tokenizer-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function loadFrom(vocab: string, merges: string): Promise<ClipTokenizer> {
  const [vocabPath, mergesPath] = [join(folder, 'vocab.json'), join(folder, 'merges.txt')];
  await writeFile(vocabPath, vocab);
  await writeFile(mergesPath, merges);
  return loadClipTokenizer(vocabPath, mergesPath);
}

describe('CLIP tokenizer', () => {
  it.each(golden)('makes the ids that transformers makes of $text', ({ text, ids }) => {
    expect(clip.padTo(clip.encode(text), ids.length)).toEqual(ids);
  });

  it('pads with another id after the end token when asked', () => {
    expect(clip.padTo([320], 5, 0)).toEqual([clip.bosId, 320, clip.eosId, 0, 0]);
    expect(clip.padTo([320, 321, 322, 323], 5, 0)).toEqual([clip.bosId, 320, 321, 322, clip.eosId]);
  });

  it.each([
    ['one word of 10,000 letters', 'xy'.repeat(5000)],
    ['10,000 emoji', '🐱'.repeat(10_000)],
    ['stacked accents', `e${'\u0301'.repeat(3000)}`],
    ['half of a surrogate pair', '\ud83d cat'],
    ['control characters', '\u0000\u0007 cat \u200b'],
  ])('copes with %s', (_, text) => {
    const ids = clip.encode(text);
    expect(ids.length).toBeGreaterThan(0);
    expect(ids.every((id) => Number.isInteger(id) && id >= 0 && id < 49_408)).toBe(true);
  });
});

describe('a small vocabulary in the same form', () => {
  const vocab = { 'a</w>': 0, r: 1, e: 2, 'd</w>': 3, re: 4, 'red</w>': 5 };
  const special = { '<|startoftext|>': 6, '<|endoftext|>': 7 };
  const merges = '#version: 0.2\nr e\nre d</w>\nx y\n';

  it('takes begin and end from the vocabulary, merges by rank, and unknown letters as the end token', async () => {
    const small = await loadFrom(JSON.stringify({ ...vocab, ...special }), merges);
    expect([small.bosId, small.eosId, small.commaId]).toEqual([6, 7, undefined]);
    expect(small.encode('A RED')).toEqual([0, 5]);
    expect(small.encode('z')).toEqual([7]);
  });

  it('refuses files that are no vocabulary, naming them', async () => {
    await expect(loadFrom('[', merges)).rejects.toMatchObject({ code: 'MODEL_CONFIG_INVALID' });
    await expect(loadFrom('{"a": "b"}', merges)).rejects.toThrow(/vocab\.json is not a CLIP vocabulary/);
    await expect(loadFrom(JSON.stringify(vocab), merges)).rejects.toThrow(/no <\|startoftext\|>/);
    await expect(loadFrom(JSON.stringify({ ...vocab, ...special }), 'r e d\n')).rejects.toThrow(/line 1 is/);
    await expect(loadClipTokenizer(join(folder, 'none'), join(folder, 'none'))).rejects.toMatchObject({
      code: 'MODEL_UNREADABLE',
    });
  });
});
