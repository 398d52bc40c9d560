import type { GenerationRequest } from '#contract/request.ts';
import { guidanceDifference } from '#kernels/tome/importance.ts';
import { planMerging, type MergePlan } from '#kernels/tome/plan.ts';
import { selectBlocks } from '#kernels/tome/settings.ts';
import type { UnetConfig } from '#kernels/nets/configs.ts';
import { LostTensorError } from '../device-tensor.ts';
import type { BlockMap, Unet } from '../nets/unet.ts';
import type { TorchGenerator } from '../random.ts';
import { createScheduler } from '../schedulers/create.ts';
import type { EncodedPrompts } from './encode-prompts.ts';
import type { LatentSize } from './check-request.ts';
import type { Model } from './model.ts';
import { guide, repeatRows } from './guidance.ts';
import { StepCache, type RequestUnet } from './step-cache.ts';

export interface CallResult {
  /** From 0. */
  readonly call: number;
  readonly calls: number;
  readonly timestep: number;
  readonly tookMs: number;
  /** Share of the merging blocks' tokens that this call left out. */
  readonly effectiveRatio: number;
  /** False where step caching ran only the shallow layers. */
  readonly whole: boolean;
  readonly plan: MergePlan | undefined;
  readonly maps: readonly BlockMap[];
  /** The clean latents as predicted by this call. */
  readonly predicted: Float32Array;
}

export interface DenoiseInput {
  readonly model: Model;
  readonly unet: RequestUnet;
  readonly request: GenerationRequest;
  /** Of the partitions. */
  readonly seed: number;
  /** Of the noise. */
  readonly generator: TorchGenerator;
  readonly prompts: EncodedPrompts;
  readonly size: LatentSize;
  readonly wantMaps: boolean;
  /** Awaited after each call, so that it can stop the loop by throwing. */
  readonly afterCall: (result: CallResult) => Promise<void>;
}

/** From noise to clean latents [C, h, w]. */
export async function denoise(input: DenoiseInput): Promise<Float32Array> {
  const cache = new StepCache(input.unet, input.request.stepCache?.interval);
  try {
    return await denoiseWith(cache, input);
  } finally {
    cache.dispose();
  }
}

async function denoiseWith(cache: StepCache, input: DenoiseInput): Promise<Float32Array> {
  const { model, request, generator, prompts, size } = input;
  const { schedule, unet: net } = model.checkpoint;
  const scheduler = createScheduler(request.scheduler, schedule, request.steps);
  const length = net.config.inChannels * size.latentH * size.latentW;
  const calls = scheduler.timesteps.length;
  let latents: Float32Array = generator.randn(length).map((value) => value * scheduler.initNoiseSigma);
  let difference: Float32Array | undefined;
  for (const [call, timestep] of scheduler.timesteps.entries()) {
    const start = performance.now();
    const scaled = repeatRows(scheduler.scaleInput(latents, call), prompts.batch);
    const { whole, unet, plan, result } = await onceMoreIfLost(async () => {
      const whole = cache.isWhole(call);
      const unet = cache.unetFor(call);
      const plan = planCall(unet, net.config, input, call, calls, difference, cache.isLost);
      const result = await cache.run(call, {
        latents: scaled,
        batch: prompts.batch,
        ...size,
        timestep,
        hidden: prompts.hidden,
        tokenCount: prompts.positions,
        merge: plan,
        wantMaps: input.wantMaps,
      });
      return { whole, unet, plan, result };
    });
    const { output, maps } = result;
    // A match that later steps go on with keeps the importance that it was made with.
    if (prompts.batch === 2 && (call + 1) % matchPeriod(request) === 0)
      difference = guidanceDifference(output, size.latentH * size.latentW);
    const noise = scheduler.needsNoise ? generator.randn(length) : undefined;
    const step = scheduler.step(guide(output, prompts.batch, request.guidanceScale), call, latents, noise);
    latents = step.latents;
    const tookMs = performance.now() - start;
    const effectiveRatio =
      plan === undefined ? 0 : mergedShare(unet, net.config, request, plan, result.merged);
    const { predicted } = step;
    await input.afterCall({ call, calls, timestep, tookMs, effectiveRatio, whole, plan, maps, predicted });
  }
  return latents;
}

/** A device that fails in a call takes along what earlier ones left there: the call is planned anew, without it. */
async function onceMoreIfLost<T>(pass: () => Promise<T>): Promise<T> {
  try {
    return await pass();
  } catch (error) {
    if (!(error instanceof LostTensorError)) throw error;
    return pass();
  }
}

/** The partition of one call; none when the request does not merge, whatever the U-Net could. */
function planCall(
  unet: Unet,
  config: UnetConfig,
  { request, prompts, seed, size }: DenoiseInput,
  call: number,
  calls: number,
  difference: Float32Array | undefined,
  isMatchLost: boolean,
): MergePlan | undefined {
  const { merging } = request;
  if (unet.structure === null || (merging.ratio === 0 && (merging.ratioEnd ?? 0) === 0)) return undefined;
  const step = { ...size, batch: prompts.batch, seed, stepIndex: call, stepCount: calls, difference };
  const plan = planMerging(config, { ...merging, matchEvery: matchPeriod(request) }, step);
  const held = new Set(unet.blocks.map(({ level }) => level));
  // Partition and ratio are those of the match that is lost, so those after this call can go on with its match.
  const matches = plan.matches || isMatchLost;
  return { ...plan, matches, levels: plan.levels.filter(({ level }) => held.has(level)) };
}

/** With step caching a match comes from a whole call, which has all blocks: the next whole call that is due matches anew. */
function matchPeriod({ merging, stepCache }: GenerationRequest): number {
  const interval = stepCache?.interval ?? 1;
  return merging.matchEvery === 1 ? 1 : interval * Math.ceil(merging.matchEvery / interval);
}

/** Of the merging blocks that the net holds. */
function mergedShare(
  unet: Unet,
  config: UnetConfig,
  request: GenerationRequest,
  plan: MergePlan,
  counted: ReadonlyMap<string, number> | undefined,
): number {
  const held = new Set(unet.blocks.map(({ name }) => name));
  const byLevel = new Map(plan.levels.map((level) => [level.level, level]));
  let tokens = 0;
  let merged = 0;
  for (const { name, level } of selectBlocks(config, request.merging)) {
    const levelPlan = byLevel.get(level);
    if (levelPlan === undefined || !held.has(name)) continue;
    tokens += levelPlan.gridH * levelPlan.gridW;
    merged += counted?.get(name) ?? levelPlan.merged;
  }
  return tokens === 0 ? 0 : merged / tokens;
}
