import { expect, test } from 'vitest';
import { RequestError } from '#contract/errors.ts';
import { readQualityOptions } from './options.ts';

const one = ['--variant', '{"ratio":0.5}'];

test('what is not named is as the model says, on 16 prompts', async () => {
  const options = await readQualityOptions(one);
  expect(options).toMatchObject({ promptCount: 16, json: false });
  expect(options?.sizePx ?? options?.steps ?? options?.guidance ?? options?.scheduler).toBeUndefined();
  expect(options?.variants.map(({ merging }) => merging.ratio)).toEqual([0.5]);
  expect(await readQualityOptions(['--help'])).toBeUndefined();
});

test('what is named counts', async () => {
  const named = [
    '--prompts',
    '4',
    '--size',
    '264',
    '--steps',
    '3',
    '--guidance',
    '7.5',
    '--scheduler',
    'ddim',
  ];
  expect(await readQualityOptions([...one, ...named])).toMatchObject({
    ...{ promptCount: 4, sizePx: 264, steps: 3, guidance: 7.5, scheduler: 'ddim' },
  });
});

test.each([
  [['--prompts', '0'], 'whole numbers from 1'],
  [['--size', '100'], 'multiples of 8 from 64 to 2048'],
  [['--steps', '1.5'], '1 to 1000'],
  [['--guidance', 'much'], 'numbers from 1 to 50'],
  [['--scheduler', 'abacus'], 'ddim'],
  [['--unheard'], '--unheard'],
])('refuses %j, saying what is allowed', async (args, said) => {
  const refused = readQualityOptions([...one, ...args]);
  await expect(refused).rejects.toThrow(RequestError);
  await expect(refused).rejects.toThrow(said);
});

test('refuses to compare nothing', async () => {
  await expect(readQualityOptions([])).rejects.toThrow('--variant');
});
