import type { StepCache as StepCacheOptions } from '#contract/request.ts';
import type { UnetInput } from '#engine/nets/unet.ts';
import { StepCache } from '#engine/pipeline/step-cache.ts';
import { createScheduler } from '#engine/schedulers/create.ts';
import { planMerging } from '#kernels/tome/plan.ts';
import type { MergeSettings } from '#kernels/tome/settings.ts';
import type { SafetensorsFile } from '#library/safetensors.ts';
import { checkError } from './cases.ts';
import type { Nudge } from './close-calls.ts';
import { dim, readFloats, readInts } from './golden-files.ts';
import type { LazyNets } from './nets.ts';

/** README.md of the golden data: the loops' guidance, and which rows of clip_hidden they take. */
const guidanceScale = 7.5;
const positiveRow = 0;
const negativeRow = 1;

export async function runText(nets: LazyNets, io: SafetensorsFile): Promise<Float32Array> {
  const ids = await readInts(io, 'clip_ids');
  return (await nets.textEncoder()).run(ids.data, dim('clip_ids', ids.shape, 0));
}

export async function runVaeDecoder(nets: LazyNets, io: SafetensorsFile): Promise<Float32Array> {
  const { data, shape } = await readFloats(io, 'vae_latent');
  const [batch, h, w] = [0, 2, 3].map((index) => dim('vae_latent', shape, index));
  return (await nets.vaeDecoder()).run(data, batch ?? 0, h ?? 0, w ?? 0);
}

export async function runVaeEncoder(
  nets: LazyNets,
  io: SafetensorsFile,
): Promise<{ mean: Float32Array; logVariance: Float32Array }> {
  const { data, shape } = await readFloats(io, 'vae_pixels');
  const [batch, h, w] = [0, 2, 3].map((index) => dim('vae_pixels', shape, index));
  return (await nets.vaeEncoder()).run(data, batch ?? 0, h ?? 0, w ?? 0);
}

interface UnetPass {
  readonly latents: Float32Array;
  readonly batch: number;
  readonly latentH: number;
  readonly latentW: number;
  readonly timestep: number;
  readonly hidden: Float32Array;
  readonly tokenCount: number;
}

async function inputOf(
  nets: LazyNets,
  merging: MergeSettings | null,
  pass: UnetPass,
  stepIndex: number,
  stepCount: number,
): Promise<UnetInput> {
  const { unet: part } = await nets.checkpoint();
  const { latentH, latentW, batch } = pass;
  const step = { latentH, latentW, batch, seed: 0, stepIndex, stepCount };
  return { ...pass, merge: merging === null ? undefined : planMerging(part.config, merging, step) };
}

/** One pass over a stored sample, or over what `nudge` makes of it, with the stored text. */
export async function runUnetPass(
  nets: LazyNets,
  io: SafetensorsFile,
  { sample, timestep, merging }: { sample: string; timestep: number; merging: MergeSettings | null },
  nudge: Nudge = (values) => values,
): Promise<Float32Array> {
  const latents = await readFloats(io, sample);
  const hidden = await readFloats(io, 'clip_hidden');
  const [batch, latentH, latentW] = [0, 2, 3].map((index) => dim(sample, latents.shape, index));
  const [rows, tokenCount] = [0, 1].map((index) => dim('clip_hidden', hidden.shape, index));
  if (rows !== batch) {
    throw checkError(
      `${sample} has a batch of ${batch ?? 0}, clip_hidden one of ${rows ?? 0}; they must agree.`,
    );
  }
  const size = {
    batch: batch ?? 0,
    latentH: latentH ?? 0,
    latentW: latentW ?? 0,
    tokenCount: tokenCount ?? 0,
  };
  const unet = await nets.unet(merging);
  const pass = { latents: nudge(latents.data), hidden: hidden.data, timestep, ...size };
  const { output } = await unet.run(await inputOf(nets, merging, pass, 0, 1));
  return output;
}

export interface LoopResult {
  /** The latents after each step, one after the other. */
  readonly latents: Float32Array;
  readonly image: Float32Array;
}

/** DDIM with guidance from stored noise, and the picture at its end. As many steps as the stored latents have. */
export async function runLoop(
  nets: LazyNets,
  io: SafetensorsFile,
  { merging, stepCache }: { merging: MergeSettings | null; stepCache: StepCacheOptions | undefined },
  steps: number,
): Promise<LoopResult> {
  const start = await readFloats(io, 'loop_x0');
  const hidden = await readFloats(io, 'clip_hidden');
  const [batch, latentH, latentW] = [0, 2, 3].map((index) => dim('loop_x0', start.shape, index));
  const [rows, tokenCount, channels] = [0, 1, 2].map((index) => dim('clip_hidden', hidden.shape, index));
  if (batch !== 1 || (rows ?? 0) < 2) {
    throw checkError('A loop needs loop_x0 with a batch of 1, and two rows of clip_hidden.');
  }
  const size = { batch: 2, latentH: latentH ?? 0, latentW: latentW ?? 0, tokenCount: tokenCount ?? 0 };
  const rowLength = size.tokenCount * (channels ?? 0);
  const row = (index: number): Float32Array =>
    hidden.data.subarray(index * rowLength, (index + 1) * rowLength);
  const text = joined(row(negativeRow), row(positiveRow));
  const checkpoint = await nets.checkpoint();
  const scheduler = createScheduler('ddim', checkpoint.schedule, steps);
  const cache = await cacheOf(nets, merging, stepCache);
  const length = start.data.length;
  const stacked = new Float32Array(steps * length);
  let latents = start.data;
  try {
    for (const [i, timestep] of scheduler.timesteps.entries()) {
      const input = scheduler.scaleInput(latents, i);
      const pass = { ...size, latents: joined(input, input), hidden: text, timestep };
      const { output } = await cache.run(i, await inputOf(nets, merging, pass, i, steps));
      const guided = Float32Array.from({ length }, (_, n) => {
        const negative = output[n] ?? 0;
        return negative + guidanceScale * ((output[length + n] ?? 0) - negative);
      });
      latents = Float32Array.from(scheduler.step(guided, i, latents).latents);
      stacked.set(latents, i * length);
    }
  } finally {
    cache.dispose();
  }
  const unscaled = latents.map((value) => value / checkpoint.vae.config.scalingFactor);
  const decoder = await nets.vaeDecoder();
  return { latents: stacked, image: await decoder.run(unscaled, 1, size.latentH, size.latentW) };
}

async function cacheOf(
  nets: LazyNets,
  merging: MergeSettings | null,
  stepCache: StepCacheOptions | undefined,
): Promise<StepCache> {
  if (stepCache === undefined) return new StepCache({ whole: await nets.unet(merging) });
  const { interval, branch } = stepCache;
  const whole = await nets.unet(merging, { part: 'whole', branch });
  return new StepCache({ whole, shallow: await nets.unet(merging, { part: 'shallow', branch }) }, interval);
}

function joined(first: Float32Array, second: Float32Array): Float32Array {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
