import { describe, expect, it } from 'vitest';
import { tomesdMerging } from '#contract/request.ts';
import { readQualityOptions } from './options.ts';
import { parseVariant } from './variants.ts';

describe('parseVariant', () => {
  it('fills what is left out with the defaults, and names itself', () => {
    expect(parseVariant('{"ratio":0.5,"side":"queries"}')).toEqual({
      name: 'ratio 0.5, side queries',
      merging: { ...tomesdMerging, ratio: 0.5, side: 'queries' },
    });
  });

  it('takes a name and step caching', () => {
    const variant = parseVariant('{"name":"cached","stepCache":{"interval":3,"branch":0}}');
    expect(variant).toEqual({
      name: 'cached',
      merging: tomesdMerging,
      stepCache: { interval: 3, branch: 0 },
    });
  });

  it.each([
    ['{"ratio":2}', /merging ratio is 2; allowed: 0 to 1/],
    ['{"side":"left"}', /merging side is left; allowed: all, sampled, queries, keys-values/],
    ['{"ration":0.5}', /ration/],
    ['ratio=0.5', /--variant is not JSON: ratio=0\.5/],
  ])('refuses %s', (text, message) => {
    expect(() => parseVariant(text)).toThrow(message);
  });
});

describe('readQualityOptions', () => {
  it('refuses a comparison of nothing, a scheduler nobody knows and a number that is none', async () => {
    await expect(readQualityOptions([])).rejects.toThrow(/no variant to compare/);
    const variant = ['--variant', '{"ratio":0.5}'];
    await expect(readQualityOptions([...variant, '--scheduler', 'fast'])).rejects.toThrow(/allowed: ddim/);
    await expect(readQualityOptions([...variant, '--prompts', 'x'])).rejects.toThrow(/--prompts has "x"/);
  });
});
