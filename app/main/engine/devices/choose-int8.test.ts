import { describe, expect, it } from 'vitest';
import { noticeText } from '#contract/notices/english.ts';
import { autoRuntime, type Device } from '#contract/runtime.ts';
import { choose, untried } from './choose.ts';

const gpu: Device = {
  ...{
    provider: 'webgpu',
    index: 0,
    name: 'Card A',
    rawName: 'Card A',
    memoryBytes: null,
    source: null,
    driver: null,
  },
  problem: null,
  precisions: ['f32', 'f16'],
};
const cpu: Device = { ...gpu, provider: 'cpu', name: 'A processor' };
const ways = (choice: typeof autoRuntime) =>
  choose(choice, [gpu, cpu], []).candidates.map(({ provider, precision }) => `${provider} ${precision}`);

describe('8 bits', () => {
  it('are on the CPU when asked for, a GPU there or not, and need no trial', () => {
    for (const provider of ['auto', 'cpu'] as const) {
      const choice = { ...autoRuntime, provider, precision: 'int8' } as const;
      expect(ways(choice)).toEqual(['cpu int8']);
      expect(untried(choice, [gpu, cpu], [])).toEqual([]);
    }
  });

  it('are never chosen by themselves, nor tried', () => {
    const tried = untried(autoRuntime, [gpu, cpu], []).map(({ precision }) => precision);
    expect(tried.length).toBeGreaterThan(0);
    expect(tried).not.toContain('int8');
    expect(ways(autoRuntime)).toEqual(['cpu f32']);
  });

  it('are refused with a notice where a GPU is asked for by name', () => {
    const { candidates, notices } = choose(
      { ...autoRuntime, provider: 'webgpu', precision: 'int8' },
      [gpu, cpu],
      [],
    );
    expect(candidates.map(({ precision }) => precision)).not.toContain('int8');
    expect(notices.map(noticeText).join()).toContain(
      '8-bit was asked for and is not used: WebGPU has it not.',
    );
  });
});
