import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import * as v from 'valibot';
import { EngineRequestSchema, type EngineEvent } from '#contract/engine-protocol.ts';
import { autoRuntime, type Candidate, type Verdict } from '#contract/runtime.ts';
import type { EngineExit, EnginePort } from '../port.ts';
import { createDevices } from './devices.ts';
import type { Machine } from './detect.ts';

/** The engine's process, the machine and its drivers are stand-ins. */
type Trial = (candidate: Candidate) => Partial<Verdict> | 'dies' | 'hangs' | 'software';

function setup(trial: Trial, driver = '560.35.03', folder = temporaryFolder()) {
  const tried: string[] = [];
  const startPort = (): EnginePort => {
    let hear: (message: unknown) => unknown = () => undefined;
    let exit: (exit: EngineExit) => void = () => undefined;
    return {
      pid: 1,
      onMessage: (listener) => (hear = listener),
      onExit: (listener) => {
        exit = listener;
      },
      kill: () => {
        exit({ code: null, signal: 'SIGKILL', lastWords: '' });
      },
      post(message) {
        const request = v.parse(EngineRequestSchema, message);
        const { id } = request;
        if (request.type === 'backends')
          hear({ type: 'backends', id, version: '1', names: ['cpu', 'webgpu', 'cuda'] });
        if (request.type !== 'trial') return;
        const { provider, index, precision } = request.candidate;
        tried.push(`${provider} ${precision}`);
        const answer = trial(request.candidate);
        if (answer === 'hangs') return;
        if (answer === 'dies') {
          exit({ code: null, signal: 'SIGSEGV', lastWords: 'libcuda' });
          return;
        }
        const found = { outcome: 'right', passMs: 100, error: 0, reason: null, measuredAt: 1 } as const;
        const verdict = {
          ...found,
          ...{ provider, index, precision },
          ...(answer === 'software' ? {} : answer),
        };
        hear({ type: 'tried', id, verdict, software: answer === 'software' } satisfies EngineEvent);
      },
    };
  };
  const machine: Machine = {
    ...{ platform: 'linux', arch: 'x64', env: {}, cpuName: 'Ryzen', memoryBytes: 32e9 },
    run: () =>
      Promise.resolve({ state: 'done', output: `0, GPU-aaaa1111-0000, Card, ${driver}, 12288, 411` }),
    linuxAdapters: () => Promise.resolve([]),
    vulkanDrivers: () => Promise.resolve(['libGLX_nvidia.so.0']),
    controllers: () => Promise.resolve([]),
  };
  const devices = createDevices({
    ...{ startPort, machine, trialLimitMs: 50 },
    file: join(folder, 'devices.json'),
    hasCudaExtra: () => Promise.resolve(true),
  });
  return { devices, tried, folder };
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-devices-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}
const ms = (passMs: number) => ({ passMs });
const order = (candidates: readonly Candidate[]) =>
  candidates.map(({ provider, precision }) => `${provider} ${precision}`);

test('tries each device once, chooses the fastest, and remembers over processes until the driver changes', async () => {
  const trial: Trial = ({ provider, precision }) =>
    ms(provider === 'cpu' ? 400 : provider === 'cuda' ? 20 : precision === 'f16' ? 30 : 60);
  const first = setup(trial);
  const { candidates } = await first.devices.choose(autoRuntime);
  expect(order(candidates)).toEqual(['cuda f32', 'cuda f16', 'webgpu f16', 'webgpu f32', 'cpu f32']);
  await first.devices.choose(autoRuntime);
  expect(first.tried).toHaveLength(5);
  const second = setup(trial, undefined, first.folder);
  expect(order((await second.devices.choose(autoRuntime)).candidates)).toEqual(order(candidates));
  expect(second.tried).toEqual([]);
  const updated = setup(trial, '570.10', first.folder);
  await updated.devices.choose(autoRuntime);
  expect(updated.tried).toEqual(['webgpu f32', 'webgpu f16', 'cuda f32', 'cuda f16']);
});

test('a driver that takes the process down, one that hangs and software are verdicts; the rest goes on', async () => {
  const { devices } = setup(({ provider, precision }) => {
    if (provider === 'cuda') return precision === 'f16' ? 'hangs' : 'dies';
    if (provider === 'webgpu') return precision === 'f16' ? 'software' : ms(50);
    return ms(400);
  });
  expect(order((await devices.choose(autoRuntime)).candidates)).toEqual(['webgpu f32', 'cpu f32']);
  const { verdicts } = await devices.list();
  const reason = (provider: string, precision: string) =>
    verdicts.find((each) => each.provider === provider && each.precision === precision)?.reason;
  expect(reason('cuda', 'f32')).toMatch(/SIGSEGV/);
  expect(reason('cuda', 'f16')).toMatch(/no result within 0\.05 s/);
  expect(reason('webgpu', 'f16')).toMatch(/Software renders here/);
});

test('the CPU, asked for by name, waits for no trial of another device', async () => {
  const { devices, tried } = setup(() => 'hangs');
  void devices.choose(autoRuntime);
  const processor = await devices.choose({ ...autoRuntime, provider: 'cpu', precision: 'int8' });
  expect(order(processor.candidates)).toEqual(['cpu int8']);
  expect(tried).toEqual([]);
  expect(order((await devices.choose(autoRuntime)).candidates)).toEqual(['cpu f32']);
});

test('measuring anew asks again what has a verdict', async () => {
  let cudaMs = 20;
  const { devices } = setup(({ provider }) => ms(provider === 'cuda' ? cudaMs : 400));
  expect((await devices.choose(autoRuntime)).candidates[0]?.provider).toBe('cuda');
  cudaMs = 900;
  expect(order((await devices.measure()).automatic)).toEqual(['cpu f32']);
  expect(order((await devices.choose(autoRuntime)).candidates)).toEqual(['cpu f32']);
});
