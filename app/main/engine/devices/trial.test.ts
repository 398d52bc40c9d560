import { describe, expect, test } from 'vitest';
import { EngineError } from '#contract/errors.ts';
import type { Candidate } from '#contract/runtime.ts';
import { wholeUnet } from '#kernels/nets/unet-extent.ts';
import type { Unet, UnetInput } from '../nets/unet.ts';
import { compare, type LoadTrialUnet } from './trial.ts';

/** Drivers are stand-ins: nets that answer as a right, a lying or a dying one would. */
const input: UnetInput = {
  latents: new Float32Array(4),
  hidden: new Float32Array(4),
  ...{ batch: 2, latentH: 1, latentW: 1, timestep: 500, tokenCount: 1 },
};
const right = Float32Array.of(1, -2, 3, -4);
const webgpu = (precision: Candidate['precision']): Candidate => ({
  ...{ provider: 'webgpu', index: 0, device: 'Stand-in', precision },
});

function net(answer: (pass: number) => Float32Array): Unet {
  let pass = 0;
  return {
    ...{ structure: null, extent: wholeUnet, blocks: [] },
    run: () => Promise.resolve({ output: answer(pass++), maps: [], match: {} }),
    endProfiling: () => undefined,
    release: () => Promise.resolve(),
  };
}

const driver =
  (answer: (pass: number) => Float32Array): LoadTrialUnet =>
  ({ provider }) =>
    Promise.resolve(net(provider === 'cpu' ? () => right : answer));
const off = (share: number) => right.map((value) => value * (1 + share));

describe('the trial of a driver (stand-in)', () => {
  test('that rounds as it should is right, and timed', async () => {
    const verdict = await compare(
      webgpu('f16'),
      input,
      driver(() => off(0.002)),
    );
    expect(verdict).toMatchObject({ outcome: 'right', precision: 'f16', reason: null });
    expect(verdict.error).toBeCloseTo(0.002, 5);
    expect(verdict.passMs).toBeGreaterThanOrEqual(0);
  });

  test('what F16 may be off by, F32 may not', async () => {
    const verdict = await compare(
      webgpu('f32'),
      input,
      driver(() => off(0.01)),
    );
    expect(verdict).toMatchObject({
      outcome: 'wrong',
      reason: expect.stringContaining('1.0 % off') as string,
    });
  });

  test('that lies about F16 is found out', async () => {
    expect(
      await compare(
        webgpu('f16'),
        input,
        driver(() => off(0.3)),
      ),
    ).toMatchObject({ outcome: 'wrong' });
  });

  test('that overflows is found out', async () => {
    const overflow = driver(() => Float32Array.of(1, Number.NaN, 3, Infinity));
    expect(await compare(webgpu('f16'), input, overflow)).toMatchObject({
      ...{ outcome: 'wrong', error: null },
      reason: 'It gave values that are not numbers.',
    });
  });

  test('that goes wrong only once it is warm is found out', async () => {
    const warm = driver((pass) => (pass < 3 ? right : off(0.5)));
    expect(await compare(webgpu('f32'), input, warm)).toMatchObject({ outcome: 'wrong' });
  });

  test('that cannot load or run the net has failed, with its own words', async () => {
    const failing: LoadTrialUnet = ({ provider }) =>
      provider === 'cpu'
        ? Promise.resolve(net(() => right))
        : Promise.reject(new EngineError('ENGINE_FAILED', 'The model could not be loaded: no shader-f16'));
    expect(await compare(webgpu('f16'), input, failing)).toMatchObject({
      ...{ outcome: 'failed', passMs: null },
      reason: 'The model could not be loaded: no shader-f16',
    });
  });
});
