import { expect, test } from 'vitest';
import { RequestError } from '#contract/errors.ts';
import { readOverlayOptions } from './options.ts';

test('what is not named has its own number, and what is named counts', () => {
  expect(readOverlayOptions([])).toEqual({ frames: 600, pictures: 200, files: 6 });
  expect(readOverlayOptions(['--frames', '60', '--pictures', '0', '--files', '1'])).toEqual({
    ...{ frames: 60, pictures: 0, files: 1 },
  });
  expect(readOverlayOptions(['--help'])).toBeUndefined();
});

test.each([
  [['--frames', '0'], 'whole numbers from 1'],
  [['--pictures', 'many'], 'whole numbers from 0'],
  [['--files', '0'], 'whole numbers from 1'],
  [['600'], '--frames N'],
])('refuses %j, saying what is allowed', (args, said) => {
  expect(() => readOverlayOptions(args)).toThrow(RequestError);
  expect(() => readOverlayOptions(args)).toThrow(said);
});
