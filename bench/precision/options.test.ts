import { expect, test } from 'vitest';
import { RequestError } from '#contract/errors.ts';
import { readPassOptions } from './options.ts';

test('what is not named has its own number, and what is named counts', () => {
  expect(readPassOptions([])).toEqual({ model: undefined, latents: 64, rounds: 7 });
  expect(readPassOptions(['--model', 'models/demo', '--latents', '32', '--rounds', '1'])).toEqual({
    ...{ model: 'models/demo', latents: 32, rounds: 1 },
  });
  expect(readPassOptions(['--help'])).toBeUndefined();
});

test.each([
  [['--latents', '60'], 'multiples of 8 from 8 to 256'],
  [['--latents', ''], 'multiples of 8 from 8 to 256'],
  [['--rounds', '0'], 'whole numbers 1 to 100'],
  [['--precision', 'f16'], '--latents N'],
])('refuses %j, saying what is allowed', (args, said) => {
  expect(() => readPassOptions(args)).toThrow(RequestError);
  expect(() => readPassOptions(args)).toThrow(said);
});
