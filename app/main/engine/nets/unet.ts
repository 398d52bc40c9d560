import { invariant } from '#contract/errors.ts';
import type { UnetConfig } from '#kernels/nets/configs.ts';
import { buildUnet, unetNames } from '#kernels/nets/unet.ts';
import { levelGrids, type AttentionBlock } from '#kernels/nets/unet-blocks.ts';
import { attentionBlocksWithin, branchEntry, wholeUnet, type UnetExtent } from '#kernels/nets/unet-extent.ts';
import { inactiveFeeds, mergeFeeds } from '#kernels/tome/feeds.ts';
import { representatives } from '#kernels/tome/map.ts';
import { carriedParts, countOutput, type CarriedPart } from '#kernels/tome/token-map.ts';
import { matchKey, type MergeMode, type MergeStructure } from '#kernels/tome/structure.ts';
import type { LevelPlan, MergePlan } from '#kernels/tome/plan.ts';
import { timestepWaves, wavesInput } from '#kernels/nn/time-embedding.ts';
import type { KeptTensor, NamedTensor, RuntimeOptions, Session } from '../session.ts';
import { Downloader } from './download.ts';
import { staysOnDevice } from './kept.ts';
import { floatOutput, loadNet, sizeFeeds, type NetPart } from './net.ts';
import { graphTarget } from './target.ts';

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
  /** What an earlier pass matched, for a plan that does not match itself. */
  readonly match?: CarriedMatch | undefined;
  readonly wantMaps?: boolean;
  /** The feature of an earlier whole pass: what a shallow net runs on. */
  readonly deep?: KeptTensor | undefined;
  /** Asks a whole net that was loaded with a branch for that feature. */
  readonly wantDeep?: boolean;
}

export interface UnetResult {
  readonly output: Float32Array;
  readonly maps: BlockMap[];
  /** With a threshold: how many tokens of each merging block went. */
  readonly merged?: ReadonlyMap<string, number>;
  /** What later passes may go on with; the given match where this pass made none. */
  readonly match: CarriedMatch;
  /** Only where asked for; on the device where it can stay there, as the match is. The caller disposes of both. */
  readonly deep?: KeptTensor;
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

/** What one pass matched, by the input names under which a later pass takes it. */
export type CarriedMatch = Readonly<Record<string, KeptTensor>>;

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
  const { config } = part;
  const mode = structure?.mode ?? 'merge';
  const thresholded = structure?.thresholded === true;
  const { operators } = await graphTarget(options);
  const form = { mode, windowed: structure?.windowed === true, thresholded, operators };
  const blocks = attentionBlocksWithin(config, extent);
  const mergingBlocks = blocks.filter((block) => structure?.blocks.includes(block.name) === true);
  const mergingLevels = new Set(mergingBlocks.map((block) => block.level));
  const carried = structure === null ? [] : carriedParts(structure, mergingBlocks);
  const mapNames = mode === 'downsample' ? [] : mergingBlocks.map(({ name }) => unetNames.map(name));
  const session = await loadNet(
    part,
    (_, weights, target) => buildUnet(config, weights, structure, extent, target),
    { ...options, staying: staysOnDevice(options) ? stayingOutputs(extent, carried, mapNames) : [] },
  );
  const downloader = new Downloader(options);
  return {
    structure,
    extent,
    blocks,
    async run(input) {
      const { batch, merge } = input;
      const plans = (merge?.levels ?? []).filter((plan) => mergingLevels.has(plan.level) && plan.merged > 0);
      const active = new Map(plans.map((plan) => [plan.level, plan]));
      const idle = [...mergingLevels].filter((level) => !active.has(level));
      // A coarser grid has no map: no token stands for another.
      const wantMaps = input.wantMaps === true && mode !== 'downsample';
      const mapped = wantMaps ? mergingBlocks.filter((block) => active.has(block.level)) : [];
      const counted = thresholded ? mergingBlocks.filter((block) => active.has(block.level)) : [];
      const keyOf = ({ name, level }: AttentionBlock) =>
        matchKey(structure?.matchScope ?? 'block', name, level);
      const matches = merge?.matches !== false;
      const running = carried.filter(({ level }) => active.has(level));
      const feeds = {
        ...baseFeeds(config, extent, input),
        ...timeFeed(config, session, input.timestep),
        ...sizeFeeds(session, batch, input.latentH, input.latentW),
        ...inactiveFeeds(idle, batch, form),
        ...mergeFeeds({ batch, matches, levels: plans }, form),
        ...givenFeeds(carried, matches ? [] : running, input.match),
      };
      const { outputs, kept } = await session.runKeeping(
        feeds,
        [unetNames.output, ...new Set(counted.map((block) => countOutput(keyOf(block))))],
        [
          ...(input.wantDeep === true ? [unetNames.deep] : []),
          ...mapped.map(({ name }) => unetNames.map(name)),
          ...(matches ? running.map((part) => part.output) : []),
        ],
      );
      const merged = new Map(
        counted.map((block) => [block.name, countFrom(outputs[countOutput(keyOf(block))])]),
      );
      const maps: BlockMap[] = [];
      for (const { name, level } of mapped) {
        const inverse = await downloader.bring(keptOutput(kept, unetNames.map(name)));
        maps.push(...blockMap(name, mode, active.get(level), merged.get(name), inverse));
      }
      return {
        ...(input.wantDeep === true ? { deep: keptOutput(kept, unetNames.deep) } : {}),
        output: floatOutput(outputs, unetNames.output),
        maps,
        merged,
        match: matches ? carriedFrom(running, kept) : (input.match ?? {}),
      };
    },
    endProfiling() {
      session.endProfiling();
    },
    async release() {
      await Promise.all([session.release(), downloader.release()]);
    },
  };
}

/**
 * What later passes go on with. Where one output stays all are asked for, so maps stay too, which mostly nobody wants.
 * A shallow net leaves nothing: with step caching, matches come from whole passes.
 */
function stayingOutputs(
  extent: UnetExtent,
  carried: readonly CarriedPart[],
  mapNames: readonly string[],
): string[] {
  if (extent.part === 'shallow') return [];
  const lasting = [
    ...(extent.branch === undefined ? [] : [unetNames.deep]),
    ...carried.map(({ output }) => output),
  ];
  return lasting.length === 0 ? [] : [...lasting, ...mapNames];
}

function baseFeeds(config: UnetConfig, extent: UnetExtent, input: UnetInput): Record<string, KeptTensor> {
  const { batch, latentH, latentW, tokenCount } = input;
  return {
    [unetNames.latents]: { data: input.latents, shape: [batch, config.inChannels, latentH, latentW] },
    [unetNames.hidden]: { data: input.hidden, shape: [batch, tokenCount, config.crossAttentionDim] },
    ...(extent.part === 'shallow' ? deepFeed(config, extent.branch, input) : {}),
  };
}

/** The timestep, or its waves where the graph leaves them to the host. */
function timeFeed(config: UnetConfig, session: Session, timestep: number): Record<string, NamedTensor> {
  if (!session.inputs.includes(wavesInput))
    return { [unetNames.timestep]: { data: Float32Array.of(timestep), shape: [1] } };
  const {
    blockOutChannels: [channels = 0],
  } = config;
  return { [wavesInput]: { data: timestepWaves(timestep, { ...config, channels }), shape: [1, channels] } };
}

function deepFeed(config: UnetConfig, branch: number, input: UnetInput): Record<string, KeptTensor> {
  const { deep, batch, latentH, latentW } = input;
  invariant(deep !== undefined, 'A shallow U-Net was run without a deep feature.');
  const { channels, level } = branchEntry(config, branch);
  const { h = 0, w = 0 } = levelGrids(level + 1, latentH, latentW)[level] ?? {};
  const shape = [batch, channels, h, w];
  invariant(
    deep.shape.join() === shape.join(),
    `A feature of ${deep.shape.join('×')} was given where ${shape.join('×')} goes in.`,
  );
  return { [unetNames.deep]: deep };
}

/** Every part of a match is an input: `given` ones as an earlier pass left them, the others empty. */
function givenFeeds(
  all: readonly CarriedPart[],
  given: readonly CarriedPart[],
  match: CarriedMatch | undefined,
): Record<string, KeptTensor> {
  const feeds: Record<string, KeptTensor> = Object.fromEntries(all.map(({ input, empty }) => [input, empty]));
  for (const { input } of given) {
    const tensor = match?.[input];
    invariant(
      tensor !== undefined,
      `A pass was to go on with a match that no pass before it made (${input}).`,
    );
    feeds[input] = tensor;
  }
  return feeds;
}

function carriedFrom(
  parts: readonly CarriedPart[],
  kept: Readonly<Record<string, KeptTensor>>,
): CarriedMatch {
  return Object.fromEntries(parts.map(({ input, output }) => [input, keptOutput(kept, output)]));
}

function keptOutput(kept: Readonly<Record<string, KeptTensor>>, name: string): KeptTensor {
  const tensor = kept[name];
  invariant(tensor !== undefined, `The U-Net gave no ${name}.`);
  return tensor;
}

function countFrom(tensor: NamedTensor | undefined): number {
  invariant(tensor?.data instanceof BigInt64Array, 'The U-Net gave no count of what was merged.');
  return Number(tensor.data[0] ?? 0n);
}

function blockMap(
  block: string,
  mode: MergeMode,
  plan: LevelPlan | undefined,
  counted: number | undefined,
  inverse: NamedTensor,
): BlockMap[] {
  if (plan === undefined || !(inverse.data instanceof Int32Array)) return [];
  const { gridH, gridW, partitions } = plan;
  const map = representatives({ ...plan, merged: counted ?? plan.merged }, inverse.data, mode);
  return [{ block, gridH, gridW, batch: partitions.length, map }];
}
