import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import type { PictureFigures } from '#contract/engine-protocol.ts';
import { BugError, CancelledError, ModelError, RequestError } from '#contract/errors.ts';
import { reportFailure } from './failure.ts';
import { addGenerateOptions, anyDefaults, toRequest } from './generate-options.ts';
import type { GenerateOptions } from './generate-options.ts';
import { lineProgress, timeLeft } from './progress.ts';
import { describeMergingReport, describePicture } from './report.ts';

function parse(...args: string[]): GenerateOptions {
  return addGenerateOptions(new Command())
    .exitOverride()
    .parse(args, { from: 'user' })
    .opts<GenerateOptions>();
}

describe('toRequest', () => {
  test('fills what is empty from the model, and merges nothing of itself', () => {
    const request = toRequest(
      'sun',
      parse(),
      { ...anyDefaults, widthPx: 256, steps: 7, scheduler: 'lcm' },
      99,
    );
    expect(request).toMatchObject({
      widthPx: 256,
      heightPx: 512,
      steps: 7,
      scheduler: 'lcm',
      seed: 99,
      count: 1,
    });
    expect(request.merging).toMatchObject({
      ratio: 0,
      selfAttention: true,
      crossAttention: false,
      mlp: false,
    });
  });

  test('takes every option', () => {
    const options = parse(
      ...[
        '--size',
        '640×384',
        '--steps',
        '3',
        '--guidance',
        '1.5',
        '--seed',
        '4',
        '--count',
        '2',
        '--negative',
        'x',
      ],
      ...[
        '--ratio',
        '.6',
        '--ratio-end',
        '0.4',
        '--merge-mode',
        'prune',
        '--partition',
        'columns',
        '--cell',
        '4x2',
      ],
      ...['--max-downsample', '4', '--merge-blocks', 'a, b', '--merge', 'cross,mlp', '--no-share-partition'],
      ...['--merge-side', 'queries', '--merge-threshold', '-.5', '--importance', '0.3'],
      ...['--match-scope', 'stage', '--match-every', '3', '--match-window', '16', '--merge-costly'],
    );
    expect(toRequest('sun', options, anyDefaults, 0)).toEqual({
      ...{ prompt: 'sun', negativePrompt: 'x', widthPx: 640, heightPx: 384, steps: 3, scheduler: 'ddim' },
      ...{ guidanceScale: 1.5, seed: 4, count: 2 },
      merging: {
        ...{ ratio: 0.6, ratioEnd: 0.4, mode: 'prune', partition: 'columns', sx: 4, sy: 2, maxDownsample: 4 },
        ...{
          blocks: ['a', 'b'],
          selfAttention: false,
          crossAttention: true,
          mlp: true,
          sharePartition: false,
          ...{ side: 'queries', threshold: -0.5, importance: 0.3 },
          ...{ matchScope: 'stage', matchEvery: 3, matchWindow: 16, leaveOutCostly: false },
        },
      },
    });
  });

  test.each([
    [['--size', '512'], '--size is "512"'],
    [['--size', '64x64', '--width', '64'], 'together'],
    [['--cell', '2'], '--cell is "2"'],
    [['--cell', '0x2'], 'cell width is 0'],
    [['--seed', '0x10'], '--seed is "0x10"'],
    [['--guidance', ''], '--guidance is ""'],
    [['--max-downsample', '3'], 'max downsample is 3; allowed: 1, 2, 4, 8'],
    [['--partition', 'magic'], 'partition is magic'],
  ])('%j is refused', (args, says) => {
    expect(() => toRequest('sun', parse(...args), anyDefaults, 0)).toThrow(says);
  });
});

describe('reportFailure', () => {
  const report = (error: unknown, json = false, debug = false) => {
    let out = '';
    let err = '';
    const code = reportFailure(error, {
      json,
      debug,
      writeOut: (text) => (out += text),
      writeErr: (text) => (err += text),
    });
    return { code, out, err };
  };

  test('a wrong request is 2, any other failure 1, stopping 130', () => {
    expect(report(new RequestError('REQUEST_INVALID', 'x')).code).toBe(2);
    expect(report(new ModelError('MODEL_NOT_FOUND', 'x'))).toEqual({
      code: 1,
      out: '',
      err: 'Error (MODEL_NOT_FOUND): x\n',
    });
    expect(report(new CancelledError())).toEqual({ code: 130, out: '', err: 'Cancelled.\n' });
  });

  test('a mistake of ours says so, with its stack only when asked for', () => {
    const plain = report(new TypeError('x is not a function'));
    expect(plain.err).toMatch(/mistake of the program/);
    expect(plain.err).not.toMatch(/talk\.test\.ts/);
    expect(report(new BugError('x'), false, true).err).toMatch(/talk\.test\.ts/);
  });

  test('JSON goes to stdout, alone', () => {
    const { out, err } = report(new ModelError('MODEL_NOT_FOUND', 'x', { details: { path: 'p' } }), true);
    expect(JSON.parse(out)).toEqual({
      ok: false,
      error: { code: 'MODEL_NOT_FOUND', message: 'x', details: { path: 'p' } },
    });
    expect(err).toBe('');
  });
});

describe('progress', () => {
  test('time left is the median call times the calls left', () => {
    expect(timeLeft([5000, 100, 100], 20)).toBe('2.0 s');
    expect(timeLeft([1000], 42)).toBe('42 s');
    expect(timeLeft([10_000], 15)).toBe('2 min 30 s');
    expect(timeLeft([], 5)).toBe('0.0 s');
  });

  test('lines come now and then, and for the last step', () => {
    const lines: string[] = [];
    let nowMs = 0;
    const progress = lineProgress({ write: (text) => lines.push(text) }, () => nowMs);
    progress.start(5);
    for (let step = 1; step <= 5; step++) {
      progress.step(step, 900);
      nowMs += 900;
    }
    expect(lines).toEqual([
      'step 1 of 5, 0.90 s, about 3.6 s left\n',
      'step 4 of 5, 0.90 s, about 0.9 s left\n',
      'step 5 of 5, 0.90 s, about 0.0 s left\n',
    ]);
    lines.length = 0;
    for (let strip = 1; strip <= 6; strip++) {
      progress.decoding(strip, 6);
      nowMs += 900;
    }
    expect(lines).toEqual(['decoding 50 %\n', 'decoding 100 %\n']);
  });
});

test('whole and shallow steps are told apart, where there are any', () => {
  const figures = {
    tokeniseMs: 0,
    textMs: 0,
    stepsMs: [300, 100, 120],
    decodeMs: 0,
    decodeTiles: 1,
    totalMs: 520,
  };
  const told = (some: Partial<PictureFigures>) =>
    describePicture({
      ...{ path: 'a.png', picture: 0, seed: 1, widthPx: 8, heightPx: 8 },
      figures: { ...figures, ...some },
    });
  expect(told({})).toContain('3 steps 0.52 s (0.17 s each)');
  expect(told({ wholeSteps: [true, false, false] })).toContain(
    '3 steps 0.52 s (1 whole of 0.30 s, 2 shallow of 0.11 s)',
  );
});

test.each([
  ['3', { interval: 3, branch: 0 }],
  ['5:2', { interval: 5, branch: 2 }],
])('--step-cache %s', (text, stepCache) => {
  expect(toRequest('sun', parse('--step-cache', text), anyDefaults, 0).stepCache).toEqual(stepCache);
});

test.each(['', '3:1:2', 'x', '3:'])('--step-cache "%s" is refused', (text) => {
  expect(() => toRequest('sun', parse('--step-cache', text), anyDefaults, 0)).toThrow(
    /--step-cache is ".*"; allowed/,
  );
});

test('merging is told as it is, not as it was asked for', () => {
  const request = toRequest('sun', parse('--ratio', '.9', '--merge-mode', 'prune'), anyDefaults, 0);
  const block = { block: 'a', gridW: 8, gridH: 8, tokens: 64, leftAtStart: 16, leftAtEnd: 16 };
  const report = { effectiveRatio: 0.75, effectiveRatioEnd: 0.75, maxRatio: 0.75, blocks: [block] };
  expect(describeMergingReport(request, report)).toBe(
    'Merging: ratio 0.9 asked, 75 % of the tokens pruned (queries; keys and values sampled) in 1 block: 16 of 64 left.\n',
  );
});
