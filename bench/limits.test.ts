import { expect, test } from 'vitest';
import { estimateRunMs } from './limits.ts';
import { recordOf } from './report/testing.ts';

const key = (sizePx: number) => ({ topic: 'unet-sd15', model: 'sd15', sizePx }) as const;
const study = (sizePx: number, ms: number) =>
  recordOf(key(sizePx), [
    { ratio: 0, ms },
    { ratio: 0.5, ms: ms / 2 },
  ]).study;

test('without a smaller size nothing is known', () => {
  expect(estimateRunMs(key(512), [study(512, 10), study(768, 30)])).toBeUndefined();
  expect(estimateRunMs({ topic: 'unet-sd21', model: 'sd21', sizePx: 768 }, [study(512, 10)])).toBeUndefined();
});

test('from one size the slowest run grows with the third power of the side', () => {
  expect(estimateRunMs(key(1024), [study(512, 10)])).toBe(80);
});

test('from two sizes it goes on as it grew, from the second to the fourth power', () => {
  expect(estimateRunMs(key(2048), [study(512, 10), study(1024, 100)])).toBeCloseTo(1000);
  expect(estimateRunMs(key(2048), [study(512, 10), study(1024, 10)])).toBeCloseTo(40);
});
