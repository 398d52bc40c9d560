import { describe, expect, it } from 'vitest';
import { batchInput, gridInput, partsInput, shapeFeeds, tokensInput } from './run-shapes.ts';

const sizes = {
  batch: 2,
  grids: [
    { h: 13, w: 6 },
    { h: 7, w: 3 },
  ],
};

describe('shapeFeeds', () => {
  it('fills in every shape that is asked for, and nothing else', () => {
    const asked = [batchInput(320), partsInput, gridInput(1), tokensInput(0), 'latents', 'level0/tome/src'];
    expect(shapeFeeds(asked, sizes)).toEqual({
      'batch/320': { data: BigInt64Array.of(2n, -1n, 320n), shape: [3] },
      'batch/parts': { data: BigInt64Array.of(0n, 2n, -1n), shape: [3] },
      'level1/grid': { data: BigInt64Array.of(7n, 3n), shape: [2] },
      'level0/tokens': { data: BigInt64Array.of(2n, 13n, 6n, -1n), shape: [4] },
    });
  });

  it('leaves a level out that the sizes lack, so that the runtime names it', () => {
    expect(shapeFeeds([gridInput(2)], sizes)).toEqual({});
  });
});
