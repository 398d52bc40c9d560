import { describe, expect, it } from 'vitest';
import {
  autoRuntime,
  type Candidate,
  type Device,
  type RuntimeChoice,
  type Verdict,
} from '#contract/runtime.ts';
import type { SystemDevices } from '#contract/studio/system.ts';
import { onDevice, otherThanChosen, precisionChoices } from './precisions.ts';

const device = (provider: Device['provider'], precisions: Device['precisions']): Device => ({
  ...{ provider, index: 0, name: provider, rawName: provider, memoryBytes: null },
  ...{ source: null, driver: null, precisions, problem: null },
});
const cpu = device('cpu', ['f32', 'int8']);
const card = device('webgpu', ['f32', 'f16']);
const at = (provider: Candidate['provider'], precision: Candidate['precision'] = 'f32'): Candidate => ({
  ...{ provider, precision, index: 0, device: provider },
});
const system = (
  devices: Device[],
  best: Candidate['provider'] = 'cpu',
  verdicts: Verdict[] = [],
): SystemDevices => ({
  ...{ devices, verdicts, automatic: [at(best)] },
  cuda: { offered: false, installed: false, progress: null },
});
const offered = (choice: Partial<RuntimeChoice>, machine: SystemDevices) =>
  precisionChoices({ ...autoRuntime, ...choice }, machine).flatMap(({ value, disabled }) =>
    disabled ? [] : [value],
  );

describe('precisions', () => {
  it('are those of the chosen device; of what automatic takes, where nothing was chosen', () => {
    const both = system([cpu, card], 'webgpu');
    expect(offered({ provider: 'cpu' }, both)).toEqual(['auto', 'f32', 'int8']);
    expect(offered({ provider: 'webgpu' }, both)).toEqual(['auto', 'f32', 'f16']);
    expect(offered({}, both)).toEqual(['auto', 'f32', 'f16']);
    expect(offered({}, system([cpu, card]))).toEqual(['auto', 'f32', 'int8']);
  });

  it('that gave wrong numbers are shown, with why they cannot be had', () => {
    const wrong: Verdict = {
      ...{ provider: 'webgpu', index: 0, precision: 'f16', outcome: 'wrong', passMs: 3 },
      ...{ error: 1, reason: null, measuredAt: 1 },
    };
    const machine = system([cpu, card], 'webgpu', [wrong]);
    expect(offered({}, machine)).toEqual(['auto', 'f32']);
    expect(precisionChoices(autoRuntime, machine).at(-1)).toMatchObject({
      value: 'f16',
      detail: 'Wrong numbers in its trial: not used',
    });
  });

  it('each say what they gain or cost', () => {
    for (const { detail } of precisionChoices(autoRuntime, system([cpu]))) expect(detail).not.toBe('');
    const eight = precisionChoices(autoRuntime, system([cpu])).find(({ value }) => value === 'int8');
    expect(eight?.detail).toContain('1.34×');
    expect(eight?.source).toContain('54.7 dB');
  });

  it('are automatic by the trial, or say that there was none', () => {
    const right: Verdict = {
      ...{ provider: 'webgpu', index: 0, precision: 'f16', outcome: 'right', passMs: 3 },
      ...{ error: 0, reason: null, measuredAt: 1 },
    };
    const auto = (verdicts: Verdict[]) =>
      precisionChoices({ ...autoRuntime, provider: 'webgpu' }, system([cpu, card], 'cpu', verdicts))[0]
        ?.detail;
    expect(auto([right])).toMatch(/^The fastest whose numbers were right/);
    expect(auto([])).toMatch(/nothing was measured/);
  });

  it('that were kept from another machine stay in sight', () => {
    const kept = precisionChoices({ ...autoRuntime, precision: 'f16' }, system([cpu])).at(-1);
    expect(kept).toMatchObject({
      ...{ value: 'f16', label: 'float16', disabled: true, detail: 'CPU cannot compute in it' },
    });
  });

  it('go along to another device that has them, and become automatic on one that has not', () => {
    const machine = system([cpu, card]);
    const eight = { ...autoRuntime, provider: 'cpu', precision: 'int8' } as const;
    expect(onDevice(eight, 'webgpu', machine)).toEqual({ ...autoRuntime, provider: 'webgpu' });
    expect(onDevice({ ...eight, precision: 'f32' }, 'webgpu', machine).precision).toBe('f32');
    expect(onDevice(eight, 'auto', machine)).toEqual({ ...autoRuntime, precision: 'int8' });
  });

  it('that are not used are told with what is; nothing is said before that is known', () => {
    const half = { ...autoRuntime, precision: 'f16' } as const;
    expect(otherThanChosen(half, at('cpu'))).toBe(
      'float16 is not used: the next picture is made in float32 on CPU.',
    );
    expect(otherThanChosen(half, at('webgpu', 'f16'))).toBeUndefined();
    expect(otherThanChosen(half, null)).toBeUndefined();
    expect(otherThanChosen(autoRuntime, at('cpu'))).toBeUndefined();
  });
});
