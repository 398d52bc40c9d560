import type { UnetConfig } from '#kernels/nets/configs.ts';
import { buildUnet, unetNames } from '#kernels/nets/unet.ts';
import { attentionBlocks } from '#kernels/nets/unet-blocks.ts';
import { batchInput } from '#kernels/nn/tokens.ts';
import { inactiveFeeds, mergeFeeds } from '#kernels/tome/feeds.ts';
import { representatives } from '#kernels/tome/map.ts';
import type { MergeStructure } from '#kernels/tome/patch.ts';
import type { LevelPlan, MergePlan } from '#kernels/tome/plan.ts';
import type { NamedTensor, RuntimeOptions } from '../session.ts';
import { floatOutput, gridFeeds, loadNet, type NetPart } from './net.ts';

export interface UnetInput {
  /** [B, C, h, w], already scaled by the scheduler. */
  readonly latents: Float32Array;
  readonly batch: number;
  readonly latentH: number;
  readonly latentW: number;
  readonly timestep: number;
  /** Text states [B, T, C]. */
  readonly hidden: Float32Array;
  readonly tokenCount: number;
  readonly merge?: MergePlan | undefined;
  readonly wantMaps?: boolean;
}

/** Which tokens stood for which in one block of one pass. */
export interface BlockMap {
  readonly block: string;
  readonly gridH: number;
  readonly gridW: number;
  readonly batch: number;
  /** [B, N]: token → the token that stands for it; −1 for a pruned one. */
  readonly map: Int32Array;
}

export interface Unet {
  readonly structure: MergeStructure | null;
  run(input: UnetInput): Promise<{ output: Float32Array; maps: BlockMap[] }>;
  endProfiling(): void;
  release(): Promise<void>;
}

/** Loads the U-Net. Only what `structure` names can merge; ratio and partition come with each run. */
export async function loadUnet(
  part: NetPart<UnetConfig>,
  structure: MergeStructure | null,
  options: RuntimeOptions = {},
): Promise<Unet> {
  const session = await loadNet(part, (config, weights) => buildUnet(config, weights, structure), options);
  const { config } = part;
  const mode = structure?.mode ?? 'merge';
  const mergingBlocks = attentionBlocks(config).filter(
    (block) => structure?.blocks.includes(block.name) === true,
  );
  const mergingLevels = new Set(mergingBlocks.map((block) => block.level));
  return {
    structure,
    async run(input) {
      const plans = (input.merge?.levels ?? []).filter(
        (plan) => mergingLevels.has(plan.level) && plan.merged > 0,
      );
      const active = new Map(plans.map((plan) => [plan.level, plan]));
      const idle = [...mergingLevels].filter((level) => !active.has(level));
      const mapped = input.wantMaps === true ? mergingBlocks.filter((block) => active.has(block.level)) : [];
      const feeds = {
        ...baseFeeds(config, input),
        ...inactiveFeeds(idle, input.batch, mode),
        ...mergeFeeds({ batch: input.batch, mode, levels: plans }),
      };
      const outputs = await session.run(feeds, [
        unetNames.output,
        ...mapped.map(({ name }) => unetNames.map(name)),
      ]);
      return {
        output: floatOutput(outputs, unetNames.output),
        maps: mapped.flatMap(({ name, level }) =>
          blockMap(name, active.get(level), outputs[unetNames.map(name)]),
        ),
      };
    },
    endProfiling() {
      session.endProfiling();
    },
    release: () => session.release(),
  };
}

function baseFeeds(config: UnetConfig, input: UnetInput): Record<string, NamedTensor> {
  const { batch, latentH, latentW, tokenCount } = input;
  return {
    [unetNames.latents]: { data: input.latents, shape: [batch, config.inChannels, latentH, latentW] },
    [unetNames.timestep]: { data: Float32Array.of(input.timestep), shape: [1] },
    [unetNames.hidden]: { data: input.hidden, shape: [batch, tokenCount, config.crossAttentionDim] },
    [batchInput]: { data: BigInt64Array.of(BigInt(batch)), shape: [1] },
    ...gridFeeds(config.blockOutChannels.length, latentH, latentW),
  };
}

function blockMap(block: string, plan: LevelPlan | undefined, inverse: NamedTensor | undefined): BlockMap[] {
  if (plan === undefined || !(inverse?.data instanceof BigInt64Array)) return [];
  return [
    {
      block,
      gridH: plan.gridH,
      gridW: plan.gridW,
      batch: plan.partitions.length,
      map: representatives(plan, inverse.data),
    },
  ];
}
