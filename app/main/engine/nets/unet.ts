import { invariant } from '#contract/errors.ts';
import type { UnetConfig } from '#kernels/nets/configs.ts';
import { buildUnet, unetNames } from '#kernels/nets/unet.ts';
import { levelGrids, type AttentionBlock } from '#kernels/nets/unet-blocks.ts';
import { attentionBlocksWithin, branchEntry, wholeUnet, type UnetExtent } from '#kernels/nets/unet-extent.ts';
import { inactiveFeeds, mergeFeeds } from '#kernels/tome/feeds.ts';
import { representatives } from '#kernels/tome/map.ts';
import type { MergeStructure } from '#kernels/tome/patch.ts';
import type { LevelPlan, MergePlan } from '#kernels/tome/plan.ts';
import type { NamedTensor, RuntimeOptions } from '../session.ts';
import { floatOutput, loadNet, sizeFeeds, type NetPart } from './net.ts';

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
  /** The feature of an earlier whole pass: what a shallow net runs on. */
  readonly deep?: Float32Array | undefined;
  /** Asks a whole net that was loaded with a branch for that feature. */
  readonly wantDeep?: boolean;
}

export interface UnetResult {
  readonly output: Float32Array;
  readonly maps: BlockMap[];
  /** Only where asked for. */
  readonly deep?: Float32Array;
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
  readonly extent: UnetExtent;
  /** The attention blocks that it holds. */
  readonly blocks: readonly AttentionBlock[];
  run(input: UnetInput): Promise<UnetResult>;
  endProfiling(): void;
  release(): Promise<void>;
}

/** Loads the U-Net. Only what `structure` names can merge; ratio and partition come with each run. */
export async function loadUnet(
  part: NetPart<UnetConfig>,
  structure: MergeStructure | null,
  options: RuntimeOptions = {},
  extent: UnetExtent = wholeUnet,
): Promise<Unet> {
  const session = await loadNet(
    part,
    (config, weights) => buildUnet(config, weights, structure, extent),
    options,
  );
  const { config } = part;
  const mode = structure?.mode ?? 'merge';
  const blocks = attentionBlocksWithin(config, extent);
  const mergingBlocks = blocks.filter((block) => structure?.blocks.includes(block.name) === true);
  const mergingLevels = new Set(mergingBlocks.map((block) => block.level));
  return {
    structure,
    extent,
    blocks,
    async run(input) {
      const plans = (input.merge?.levels ?? []).filter(
        (plan) => mergingLevels.has(plan.level) && plan.merged > 0,
      );
      const active = new Map(plans.map((plan) => [plan.level, plan]));
      const idle = [...mergingLevels].filter((level) => !active.has(level));
      const mapped = input.wantMaps === true ? mergingBlocks.filter((block) => active.has(block.level)) : [];
      const feeds = {
        ...baseFeeds(config, extent, input),
        ...sizeFeeds(session, input.batch, input.latentH, input.latentW),
        ...inactiveFeeds(idle, input.batch, mode),
        ...mergeFeeds({ batch: input.batch, mode, levels: plans }),
      };
      const outputs = await session.run(feeds, [
        unetNames.output,
        ...(input.wantDeep === true ? [unetNames.deep] : []),
        ...mapped.map(({ name }) => unetNames.map(name)),
      ]);
      return {
        ...(input.wantDeep === true ? { deep: floatOutput(outputs, unetNames.deep) } : {}),
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

function baseFeeds(config: UnetConfig, extent: UnetExtent, input: UnetInput): Record<string, NamedTensor> {
  const { batch, latentH, latentW, tokenCount } = input;
  return {
    [unetNames.latents]: { data: input.latents, shape: [batch, config.inChannels, latentH, latentW] },
    [unetNames.timestep]: { data: Float32Array.of(input.timestep), shape: [1] },
    [unetNames.hidden]: { data: input.hidden, shape: [batch, tokenCount, config.crossAttentionDim] },
    ...(extent.part === 'shallow' ? deepFeed(config, extent.branch, input) : {}),
  };
}

function deepFeed(config: UnetConfig, branch: number, input: UnetInput): Record<string, NamedTensor> {
  const { deep, batch, latentH, latentW } = input;
  invariant(deep !== undefined, 'A shallow U-Net was run without a deep feature.');
  const { channels, level } = branchEntry(config, branch);
  const { h = 0, w = 0 } = levelGrids(level + 1, latentH, latentW)[level] ?? {};
  return { [unetNames.deep]: { data: deep, shape: [batch, channels, h, w] } };
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
