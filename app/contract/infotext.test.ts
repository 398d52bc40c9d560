import { describe, expect, test } from 'vitest';
import { formatInfotext, parseInfotext } from './infotext.ts';

const settings = new Map([
  ['Steps', '20'],
  ['Sampler', 'DPM++ 2M'],
  ['Schedule type', 'Karras'],
  ['CFG scale', '7'],
  ['Seed', '1'],
  ['Size', '512x512'],
]);

describe('formatInfotext', () => {
  test('writes what A1111 writes', () => {
    expect(formatInfotext({ prompt: 'a (red:1.2) sun', negativePrompt: 'blur', settings })).toBe(
      'a (red:1.2) sun\nNegative prompt: blur\nSteps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 1, Size: 512x512',
    );
  });

  test('leaves the negative line out when there is none, and quotes values that would break the line', () => {
    const text = formatInfotext({
      prompt: 'x',
      negativePrompt: '',
      settings: new Map([['Blocks', 'a, b: "c"\nd']]),
    });
    expect(text).toBe('x\nBlocks: "a, b: \\"c\\"\\nd"');
  });
});

describe('parseInfotext', () => {
  test.each([
    ['plain', 'a sun', ''],
    ['many lines', 'a sun\nover hills,\n\nSteps are golden', 'blur\nSize: small'],
    ['no prompt', '', 'blur'],
    ['nothing', '', ''],
  ])('reads back what was written: %s', (_name, prompt, negativePrompt) => {
    const written = { prompt, negativePrompt, settings: new Map([...settings, ['Own key', 'a, "b": c']]) };
    expect(parseInfotext(formatInfotext(written))).toEqual(written);
  });

  test('keeps unknown keys and their order', () => {
    const text = 'sun\nSteps: 1, Zeta: yes, Alpha: no, Steps-extra: 3';
    expect([...parseInfotext(text).settings.keys()]).toEqual(['Steps', 'Zeta', 'Alpha', 'Steps-extra']);
  });

  test('takes a last line of fewer than three pairs for the prompt', () => {
    expect(parseInfotext('sun\nSteps: 1, Seed: 2')).toEqual({
      prompt: 'sun\nSteps: 1, Seed: 2',
      negativePrompt: '',
      settings: new Map(),
    });
  });
});
