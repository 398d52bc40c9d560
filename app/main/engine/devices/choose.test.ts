import { describe, expect, test } from 'vitest';
import { noticeText } from '#contract/notices/english.ts';
import { autoRuntime, type Device, type RuntimeChoice, type Verdict } from '#contract/runtime.ts';
import { choose, untried } from './choose.ts';

const device = (provider: Device['provider'], index = 0, problem: Device['problem'] = null): Device => ({
  ...{
    provider,
    index,
    name: `${provider} ${index}`,
    rawName: null,
    memoryBytes: null,
    source: null,
    driver: null,
    problem,
    precisions: ['f32'],
  },
});
const verdict = (
  provider: Verdict['provider'],
  precision: Verdict['precision'],
  passMs: number | null,
  outcome: Verdict['outcome'] = 'right',
  index = 0,
): Verdict => ({
  ...{ provider, index, precision, outcome, passMs, error: 0, measuredAt: 1 },
  reason: outcome === 'right' ? null : 'It lied.',
});
const software = { code: 'software', message: 'A CPU plays the card.' } as const;
const names = (choice: Partial<RuntimeChoice>, devices: Device[], verdicts: Verdict[]) =>
  choose({ ...autoRuntime, ...choice }, devices, verdicts).candidates.map(
    ({ provider, index, precision }) => `${provider} ${index} ${precision}`,
  );
const cpu = verdict('cpu', 'f32', 400);

describe('by itself', () => {
  test('the fastest that is right and faster than the CPU comes first, the CPU last', () => {
    const devices = [device('cpu'), device('webgpu'), device('cuda'), device('cuda', 1)];
    const verdicts = [
      ...[cpu, verdict('webgpu', 'f32', 60), verdict('webgpu', 'f16', 40)],
      ...[
        verdict('cuda', 'f32', 30),
        verdict('cuda', 'f32', 10, 'right', 1),
        verdict('cuda', 'f16', 5, 'wrong', 1),
      ],
    ];
    expect(names({}, devices, verdicts)).toEqual([
      ...['cuda 1 f32', 'cuda 0 f32', 'webgpu 0 f16', 'webgpu 0 f32', 'cpu 0 f32'],
    ]);
  });

  test.each<[string, Device[], Verdict[]]>([
    ['there is nothing else', [device('cpu')], []],
    ['nothing was measured', [device('cpu'), device('webgpu')], []],
    ['the other is slower', [device('cpu'), device('webgpu')], [cpu, verdict('webgpu', 'f32', 500)]],
    [
      'software plays the card',
      [device('cpu'), device('webgpu', 0, software)],
      [cpu, verdict('webgpu', 'f32', 1)],
    ],
    ['the driver lies', [device('cpu'), device('webgpu')], [cpu, verdict('webgpu', 'f32', 1, 'wrong')]],
  ])('the CPU alone where %s', (_, devices, verdicts) => {
    expect(names({}, devices, verdicts)).toEqual(['cpu 0 f32']);
  });

  test('a driver that lies about F16 is used in F32', () => {
    const verdicts = [cpu, verdict('webgpu', 'f16', 10, 'wrong'), verdict('webgpu', 'f32', 50)];
    expect(names({}, [device('cpu'), device('webgpu')], verdicts)).toEqual(['webgpu 0 f32', 'cpu 0 f32']);
  });
});

describe('asked for by name', () => {
  test('software is used, and so is what is slower or failed its trial', () => {
    expect(names({ provider: 'webgpu' }, [device('webgpu', 0, software)], [])[0]).toBe('webgpu 0 f32');
    const verdicts = [cpu, verdict('webgpu', 'f32', null, 'failed')];
    expect(names({ provider: 'webgpu', precision: 'f32' }, [device('webgpu')], verdicts)).toEqual([
      ...['webgpu 0 f32', 'cpu 0 f32'],
    ]);
  });

  test('what is not there falls to the CPU, with its reason', () => {
    const hidden = { code: 'hidden', message: 'CUDA_VISIBLE_DEVICES is "", which shows none of 2.' } as const;
    const chosen = choose({ ...autoRuntime, provider: 'cuda' }, [device('cuda', 0, hidden)], []);
    expect({ ...chosen, notices: chosen.notices.map(noticeText) }).toMatchObject({
      candidates: [{ provider: 'cpu' }],
      notices: [
        'CUDA was asked for and cannot be used: CUDA_VISIBLE_DEVICES is "", which shows none of 2. The picture is made on the CPU instead.',
      ],
    });
  });

  test('F16 that is wrong becomes F32 on the same device, with its reason', () => {
    const choice = { ...autoRuntime, provider: 'webgpu', precision: 'f16' } as const;
    const verdicts = [verdict('webgpu', 'f16', 10, 'wrong'), verdict('webgpu', 'f32', 50)];
    const { candidates, notices } = choose(choice, [device('webgpu')], verdicts);
    expect(candidates[0]).toMatchObject({ provider: 'webgpu', precision: 'f32' });
    expect(notices.map(noticeText)).toEqual([
      'float16 was asked for and is not used: It lied. The picture is made in float32 instead.',
    ]);
  });
});

test('a precision that the place has not is told, also where nothing was asked of the place', () => {
  for (const provider of ['auto', 'cpu'] as const)
    expect(
      choose({ ...autoRuntime, provider, precision: 'f16' }, [device('cpu')], [cpu]).notices.map(noticeText),
    ).toEqual([
      'float16 was asked for and is not used: CPU has it not. The picture is made in float32 instead.',
    ]);
  expect(choose({ ...autoRuntime, precision: 'f32' }, [device('cpu')], [cpu]).notices).toEqual([]);
});

test('only what a trial would tell more of is tried: nothing without a device, and never software', () => {
  expect(untried(autoRuntime, [device('cpu')], [])).toEqual([]);
  expect(untried(autoRuntime, [device('cpu'), device('webgpu', 0, software)], [])).toEqual([]);
  const left = untried(autoRuntime, [device('cpu'), device('webgpu')], [verdict('webgpu', 'f32', 9)]);
  expect(left.map(({ provider, precision }) => `${provider} ${precision}`)).toEqual([
    'cpu f32',
    'webgpu f16',
  ]);
});
