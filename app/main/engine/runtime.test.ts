import { describe, expect, test } from 'vitest';
import { BugError, EngineError } from '#contract/errors.ts';
import { noticeText } from '#contract/notices/english.ts';
import type { Candidate } from '#contract/runtime.ts';
import { Runtime } from './runtime.ts';

const webgpu: Candidate = { provider: 'webgpu', index: 0, device: 'Card A', precision: 'f16' };
const webgpu32: Candidate = { ...webgpu, precision: 'f32' };
const cuda: Candidate = { provider: 'cuda', index: 1, device: 'Card B', precision: 'f32' };
const failure = new EngineError('ENGINE_FAILED', 'The model could not be run: no such kernel');
const full = new EngineError('ENGINE_OUT_OF_MEMORY', 'The model could not be loaded: memory ran out.');
const lost = new EngineError(
  'ENGINE_FAILED',
  'The model could not be run: Device was lost: VK_ERROR_DEVICE_LOST',
);

const tooSmall = { neededBytes: 9e9, freeBytes: 3e9, source: 'nvidia-smi' };

const places = (runtime: Runtime) =>
  (['text', 'unet', 'vae'] as const).map((part) => {
    const { provider, precision } = runtime.place(part);
    return `${provider} ${precision}`;
  });

describe('where the parts of a model run', () => {
  test('text on the CPU, the U-Net as chosen, the VAE in F32', () => {
    expect(places(new Runtime([webgpu]))).toEqual(['cpu f32', 'webgpu f16', 'webgpu f32']);
    expect(places(new Runtime())).toEqual(['cpu f32', 'cpu f32', 'cpu f32']);
  });

  test('on the next device after a failure, said with its reason, and on the CPU in the end', () => {
    const told: string[] = [];
    const runtime = new Runtime([webgpu, webgpu32, cuda]);
    runtime.begin((notice) => told.push(noticeText(notice)));
    expect(runtime.fallBack('unet', failure)).toBe(true);
    expect(runtime.place('unet')).toEqual(webgpu32);
    expect(runtime.fallBack('unet', failure)).toBe(true);
    expect(runtime.fallBack('vae', failure)).toBe(true);
    expect(places(runtime)).toEqual(['cpu f32', 'cpu f32', 'cpu f32']);
    expect(runtime.fallBack('unet', failure)).toBe(false);
    expect(told[0]).toBe(
      'WebGPU · float16 (Card A) could not go on: The model could not be run: no such kernel. The picture is made on WebGPU · float32 (Card A) instead.',
    );
    expect(runtime.report().notices.map(noticeText)).toEqual(told);
  });

  test.each([
    ['full', full],
    ['lost', lost],
  ])('not on the same device again once it is %s', (_, error) => {
    const runtime = new Runtime([webgpu, webgpu32, cuda]);
    expect(runtime.fallBack('unet', error)).toBe(true);
    expect(runtime.place('unet')).toEqual(cuda);
  });

  test('a device that was full is asked again by the next job; one that was lost is not', () => {
    const wasFull = new Runtime([webgpu]);
    wasFull.fallBack('unet', full);
    expect(wasFull.place('unet').provider).toBe('cpu');
    expect(wasFull.next()).toEqual(webgpu);
    expect(wasFull.begin(() => undefined)).toBe(true);
    expect(wasFull.place('unet')).toEqual(webgpu);
    expect(wasFull.report().notices).toEqual([]);
    const wasLost = new Runtime([webgpu]);
    wasLost.fallBack('unet', lost);
    expect(wasLost.next().provider).toBe('cpu');
    expect(wasLost.begin(() => undefined)).toBe(false);
    expect(wasLost.place('unet').provider).toBe('cpu');
    expect(wasLost.report().notices).toHaveLength(1);
  });

  test('the next job begins on a device that was full, not on one before it that was too small', () => {
    const runtime = new Runtime([webgpu, cuda]);
    runtime.refuse(tooSmall);
    expect(runtime.fallBack('unet', full)).toBe(true);
    expect(runtime.place('unet').provider).toBe('cpu');
    expect(runtime.next()).toEqual(cuda);
  });

  test('a mistake of ours, a cancel and a failure on the CPU are passed on', () => {
    const runtime = new Runtime([webgpu]);
    expect(runtime.fallBack('unet', new BugError('ours'))).toBe(false);
    expect(runtime.fallBack('text', failure)).toBe(false);
    expect(runtime.place('unet')).toEqual(webgpu);
  });

  test('reports where a part truly ran, and what was known not to be possible', () => {
    const told: string[] = [];
    const runtime = new Runtime(
      [webgpu],
      [{ code: 'provider-unavailable', provider: 'cuda', problem: null, reason: null }],
    );
    runtime.begin((notice) => told.push(noticeText(notice)));
    runtime.ran('unet');
    runtime.fallBack('vae', failure);
    runtime.ran('vae');
    expect(runtime.report().parts.map(({ part, provider }) => `${part} ${provider}`)).toEqual([
      'text cpu',
      'unet webgpu',
      'vae cpu',
    ]);
    expect(runtime.report().notices.map(noticeText)).toEqual(told);
    expect(told).toHaveLength(2);
  });

  test('a device too small for one job is left out of it, with its reason, and thought of again for the next', () => {
    const told: string[] = [];
    const runtime = new Runtime([webgpu, cuda]);
    runtime.begin((notice) => told.push(noticeText(notice)));
    runtime.refuse(tooSmall);
    expect(runtime.place('unet')).toEqual(cuda);
    expect(told).toEqual([
      'WebGPU · float16 (Card A) is too small: even with its parts loaded one after another this picture needs at least 9.0 GB there, and 3.0 GB is free (nvidia-smi). The picture is made on CUDA · float32 (Card B) instead.',
    ]);
    expect(runtime.report().notices.map(noticeText)).toEqual(told);
    expect(runtime.fallBack('unet', failure)).toBe(true);
    expect(runtime.place('unet').provider).toBe('cpu');
    const next = new Runtime([webgpu]);
    next.refuse(tooSmall);
    expect(next.place('unet').provider).toBe('cpu');
    // Another such job would be refused there again.
    expect(next.next().provider).toBe('cpu');
    // Nothing failed: nets on the CPU stay for the next job, should the device be too small again.
    expect(next.begin(() => undefined)).toBe(false);
    next.reconsider();
    expect(next.place('unet')).toEqual(webgpu);
    expect(next.next()).toEqual(webgpu);
    expect(next.report().notices).toEqual([]);
  });
});
