import { expect, test } from 'vitest';
import { parseVariant } from './quality/variants.ts';
import { appliesTo, parseStepCache, plain } from './variants.ts';

const ours = { side: 'tessera' } as const;
const theirs = { side: 'torch' } as const;

test("tomesd's own ways are measured everywhere", () => {
  expect(appliesTo(plain, 0, theirs)).toBe(true);
});

test('another way of merging is ours alone, and only where something merges', () => {
  const variant = parseVariant('{"matchScope":"level"}');
  expect(appliesTo(variant, 0.5, ours)).toBe(true);
  expect(appliesTo(variant, 0.5, theirs)).toBe(false);
  expect(appliesTo(variant, 0, ours)).toBe(false);
});

test('a step cache is measured at every ratio, by both sides', () => {
  const variant = parseStepCache('3/1');
  expect(variant).toMatchObject({ name: 'step cache 3/1', stepCache: { interval: 3, branch: 1 } });
  expect(appliesTo(variant, 0, ours)).toBe(true);
  expect(appliesTo(variant, 0, theirs)).toBe(true);
  const both = parseVariant('{"matchScope":"level","stepCache":{"interval":3,"branch":0}}');
  expect(appliesTo(both, 0, theirs)).toBe(false);
});

test.each(['1/0', 'x', '3/x', ''])('refuses the step cache %j', (text) => {
  expect(() => parseStepCache(text)).toThrow('--step-cache');
});
