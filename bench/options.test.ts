import { expect, test } from 'vitest';
import { RequestError } from '#contract/errors.ts';
import { parseBenchOptions } from './options.ts';
import { topics } from './topics.ts';

test('without arguments everything is measured, without the peers', () => {
  const options = parseBenchOptions([], {});
  expect(options).toMatchObject({
    what: topics,
    rounds: 5,
    large: true,
    peers: false,
    python: 'python3',
    json: false,
  });
  expect(options.ratios).toEqual([0, 0.25, 0.5, 0.6, 0.75]);
  expect(options.sizesPx).toEqual([512, 768]);
});

test('--quick measures less, and what is named with it still counts', () => {
  const options = parseBenchOptions(['--quick', '--sizes', '768'], {});
  expect(options).toMatchObject({
    what: ['block', 'unet-demo', 'start'],
    ratios: [0, 0.5],
    sizesPx: [768],
    large: false,
  });
});

test('ratio 0 is always measured, and ratios rise', () => {
  expect(parseBenchOptions(['--ratios', '0.75,.5'], {}).ratios).toEqual([0, 0.5, 0.75]);
});

test('Python is the option, else TESSERA_PYTHON, else python3', () => {
  expect(parseBenchOptions([], { TESSERA_PYTHON: '/a/python' }).python).toBe('/a/python');
  expect(parseBenchOptions(['--python', '/b/python'], { TESSERA_PYTHON: '/a/python' }).python).toBe(
    '/b/python',
  );
});

test("tomesd's own ways are measured before every variant", () => {
  const { variants } = parseBenchOptions(['--step-cache', '3/0', '--variant', '{"matchScope":"level"}'], {});
  expect(variants.map(({ name }) => name)).toEqual(['', 'matchScope level', 'step cache 3/0']);
});

test.each([
  [['--what', 'block,nonsense'], 'nonsense'],
  [['--ratios', '0.5,2'], '"2"'],
  [['--ratios', '0.5,'], '""'],
  [['--sizes', '500'], 'multiples of 64'],
  [['--rounds', '0'], '1 to 100'],
  [['--rounds', '1.5'], '1 to 100'],
  [['--provider', 'cpu,abacus'], 'abacus'],
  [['--variant', 'matchScope=level'], 'JSON'],
  [['--step-cache', '1/0'], 'step cache interval'],
  [['--picture-steps', '0'], '1 to 20'],
  [['--pass-limit', '0.5'], '1 to 86400'],
  [['--unheard'], '--unheard'],
  [['stray'], 'stray'],
])('refuses %j, saying what is allowed', (args, said) => {
  expect(() => parseBenchOptions(args, {})).toThrow(RequestError);
  expect(() => parseBenchOptions(args, {})).toThrow(said);
});
