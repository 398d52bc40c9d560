import { readFile } from 'node:fs/promises';
import { EngineError } from '#contract/errors.ts';
import type { Candidate, Precision, Verdict } from '#contract/runtime.ts';
import type { Checkpoint } from '#library/checkpoint.ts';
import { loadUnet, type Unet, type UnetInput } from '../nets/unet.ts';
import { cpuCandidate } from '../runtime.ts';
import { isSoftwareDriver } from './vulkan.ts';

/** The pass that is tried: the smallest at which a GPU has something to do, 64×64 tokens, both halves of guidance. */
const latentSide = 64;
const batch = 2;
/** The first pass of a device compiles its kernels and is not counted. */
const timedPasses = 3;

/** Largest error that is rounding: what other orders of summing give in F32 is 1e-6 to 1e-5, in F16 1e-3, in 8 bits 3e-2. */
const errorLimits: Readonly<Record<Precision, number>> = { f32: 1e-3, f16: 2e-2, int8: 1e-1 };

export type LoadTrialUnet = (candidate: Candidate) => Promise<Unet>;

/** Runs the same pass on the candidate and on the CPU, and tells how long it took and whether the numbers are right. */
export async function tryCandidate(checkpoint: Checkpoint, candidate: Candidate): Promise<Verdict> {
  const part = checkpoint.unet;
  const input = trialInput(part.config.inChannels, part.config.crossAttentionDim);
  return await compare(candidate, input, ({ provider, index, precision }) =>
    loadUnet(part, null, { provider, deviceIndex: index, precision }),
  );
}

/** `load` gives the net on a device: a stand-in in tests of drivers that lie. */
export async function compare(candidate: Candidate, input: UnetInput, load: LoadTrialUnet): Promise<Verdict> {
  const { provider, index, precision } = candidate;
  const verdict = (rest: Pick<Verdict, 'outcome' | 'passMs' | 'error' | 'reason'>): Verdict => ({
    ...{ provider, index, precision, measuredAt: Date.now() },
    ...rest,
  });
  const { output: expected } = await onNet(await load(cpuCandidate()), (unet) => unet.run(input));
  let outputs: { output: Float32Array; tookMs: number }[];
  try {
    outputs = await onNet(await load(candidate), (unet) => timed(unet, input));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return verdict({ outcome: 'failed', passMs: null, error: null, reason: error.message });
  }
  const passMs = median(outputs.slice(1).map(({ tookMs }) => tookMs));
  // Each pass is compared: some drivers go wrong only once their kernels are warm.
  const errors = outputs.map(({ output }) => relativeError(output, expected));
  const worst = errors.includes(null) ? null : Math.max(...errors.map((error) => error ?? 0));
  const limit = errorLimits[precision];
  if (worst !== null && worst <= limit)
    return verdict({ outcome: 'right', passMs, error: worst, reason: null });
  const reason =
    worst === null
      ? 'It gave values that are not numbers.'
      : `It is ${percent(worst)} off the CPU's numbers; allowed: ${percent(limit)}.`;
  return verdict({ outcome: 'wrong', passMs, error: worst, reason });
}

async function onNet<T>(unet: Unet, use: (unet: Unet) => Promise<T>): Promise<T> {
  try {
    return await use(unet);
  } finally {
    await unet.release();
  }
}

async function timed(unet: Unet, input: UnetInput) {
  const passes: { output: Float32Array; tookMs: number }[] = [];
  for (let i = 0; i <= timedPasses; i++) {
    const start = performance.now();
    const { output } = await unet.run(input);
    passes.push({ output, tookMs: performance.now() - start });
  }
  return passes;
}

/** Values of the size that noise and text states have, without a generator: the same everywhere. */
function trialInput(channels: number, textWidth: number): UnetInput {
  const tokenCount = 77;
  const wave = (length: number, pace: number) =>
    Float32Array.from({ length }, (_, i) => 1.4 * Math.sin(pace * i + Math.cos(i)));
  return {
    latents: wave(batch * channels * latentSide * latentSide, 0.37),
    batch,
    latentH: latentSide,
    latentW: latentSide,
    timestep: 500,
    hidden: wave(batch * tokenCount * textWidth, 0.11),
    tokenCount,
  };
}

/** Root mean square of the difference over that of what is expected; null where a value is not finite. */
export function relativeError(actual: Float32Array, expected: Float32Array): number | null {
  let difference = 0;
  let size = 0;
  for (const [i, value] of expected.entries()) {
    difference += ((actual[i] ?? Number.NaN) - value) ** 2;
    size += value ** 2;
  }
  const error = Math.sqrt(difference / size);
  return Number.isFinite(error) ? error : null;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(2)} %`;
}

/** Whether the graphics driver that this process has loaded is a CPU's; where the system does not show it, no. */
export async function hasSoftwareDriver(): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const drivers = new Set(
    (await readFile('/proc/self/maps', 'utf8')).match(/\S*\/lib(?:vulkan_|vk_|GLX_nvidia|nvidia-gl)\S*/g),
  );
  return drivers.size > 0 && [...drivers].every(isSoftwareDriver);
}
