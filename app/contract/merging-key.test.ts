import { expect, it } from 'vitest';
import { mergingKey } from './merging-key.ts';
import { noMerging } from './request.ts';

const half = { ...noMerging, ratio: 0.5 };
const cache = { interval: 3, branch: 0 };

it('is none only where nothing is saved, and one for each way of saving', () => {
  expect(mergingKey({ ...noMerging, sx: 4 })).toBe('none');
  const keys = [
    mergingKey(half),
    mergingKey(half, cache),
    mergingKey(half, { ...cache, branch: 1 }),
    mergingKey(noMerging, cache),
    mergingKey(noMerging, { ...cache, interval: 2 }),
  ];
  expect(new Set([...keys, 'none']).size).toBe(6);
  expect(mergingKey({ ...noMerging, sx: 4 }, cache)).toBe(mergingKey(noMerging, cache));
});
