import { KernelError } from '../errors.ts';
import { GraphBuilder, type Value } from '../graph/builder.ts';
import { cpuTarget, type GraphTarget } from '../graph/target.ts';
import { cast, silu } from '../graph/ops/math.ts';
import { concat, reshape } from '../graph/ops/shape.ts';
import type { Dim } from '../onnx/proto.ts';
import { convOf, downsample, upsample } from '../nn/conv.ts';
import { Level } from '../nn/level.ts';
import { groupNorm } from '../nn/norm.ts';
import { resnetBlock } from '../nn/resnet-block.ts';
import { timeEmbedding } from '../nn/time-embedding.ts';
import { spatialTransformer } from '../nn/transformer.ts';
import type { WeightSource } from '../onnx/weights.ts';
import { createPatcher, type Patcher } from '../tome/patch.ts';
import type { MergeStructure } from '../tome/structure.ts';
import type { UnetConfig } from './configs.ts';
import { attentionBlocks, hasAttention } from './unet-blocks.ts';
import { branchEntry, layersPerUpBlock, levelCount, wholeUnet, type UnetExtent } from './unet-extent.ts';

/** Names of the U-Net's inputs and outputs; shapes and merging have theirs in nn/run-shapes.ts and tome/inputs.ts. */
export const unetNames = {
  latents: 'latents',
  timestep: 'timestep',
  hidden: 'hidden',
  output: 'output',
  /** f32 [B, C, h, w]: what comes up into a branch; an output of the whole net, an input of a shallow one. */
  deep: 'deep',
  /** int32 [B, N]: the inverse map of one merging block. */
  map: (block: string) => `map/${block}`,
} as const;

/** The grids below are 8×8 at 512 px: making Winograd's weights would take longer than it saves. */
const LAST_TILED_LEVEL = 2;

/**
 * The conditional U-Net of Stable Diffusion 1.x and 2.x.
 * Source: Rombach et al. 2022, arXiv 2112.10752; diffusers UNet2DConditionModel.
 * Inputs: latents [B, in, h, w], timestep [1], hidden [B, T, C] f32, level grids. Output: [B, out, h, w].
 */
export function buildUnet(
  config: UnetConfig,
  weights: WeightSource,
  merging: MergeStructure | null,
  extent: UnetExtent = wholeUnet,
  target: GraphTarget = cpuTarget,
): Uint8Array {
  const g = new GraphBuilder(weights, target);
  emitUnet(g, config, merging, extent);
  return g.build('unet');
}

export function emitUnet(
  g: GraphBuilder,
  config: UnetConfig,
  merging: MergeStructure | null,
  extent: UnetExtent = wholeUnet,
): void {
  assertKnownBlocks(config, merging);
  new UnetEmitter(g, config, merging, extent).emit();
}

function assertKnownBlocks(config: UnetConfig, merging: MergeStructure | null): void {
  const known = new Set(attentionBlocks(config).map((block) => block.name));
  const unknown = (merging?.blocks ?? []).filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new KernelError(
    'KERNEL_CONFIG',
    `No attention block is called ${unknown.join(', ')}; this U-Net has ${[...known].join(', ')}.`,
  );
}

class UnetEmitter {
  readonly #g: GraphBuilder;
  readonly #config: UnetConfig;
  readonly #merging: MergeStructure | null;
  readonly #extent: UnetExtent;
  readonly #patcher: Patcher | undefined;
  readonly #levels: readonly Level[];
  readonly #time: Value;
  readonly #context: Value;

  constructor(g: GraphBuilder, config: UnetConfig, merging: MergeStructure | null, extent: UnetExtent) {
    this.#g = g;
    this.#config = config;
    this.#merging = merging;
    this.#extent = extent;
    this.#levels = Array.from({ length: levelCount(config, extent) }, (_, i) => new Level(i));
    this.#patcher = merging === null ? undefined : createPatcher(g, merging);
    const channels = config.blockOutChannels[0] ?? 0;
    this.#time = timeEmbedding(g, unetNames.timestep, { ...config, channels });
    const hidden = this.#input(unetNames.hidden, ['batch', 'T', config.crossAttentionDim]);
    this.#context = reshape(
      g,
      hidden,
      [-1, config.crossAttentionDim],
      ['rows_text', config.crossAttentionDim],
    );
  }

  emit(): void {
    const g = this.#g;
    const config = this.#config;
    const top = this.#level(0);
    const latents = this.#input(unetNames.latents, ['batch', config.inChannels, top.rows, top.columns]);
    let x = convOf(g, latents, 'conv_in', config.blockOutChannels[0] ?? 0, 3);
    const skips = [x];
    config.downBlockTypes.forEach((_, i) => {
      x = this.#down(x, i, skips);
    });
    x = this.#extent.part === 'whole' ? this.#middle(x) : this.#deepInput(this.#extent.branch);
    config.upBlockTypes.forEach((_, i) => {
      x = this.#up(x, i, skips);
    });
    x = silu(g, groupNorm(g, x, 'conv_norm_out', config.normNumGroups, config.normEps));
    g.output(unetNames.output, cast(g, convOf(g, x, 'conv_out', config.outChannels, 3), 'f32'));
  }

  #down(input: Value, i: number, skips: Value[]): Value {
    const { blockOutChannels, downBlockTypes, layersPerBlock } = this.#config;
    const type = downBlockTypes[i];
    const { part, branch = 0 } = this.#extent;
    const isEnough = () => part === 'shallow' && skips.length > branch;
    let x = input;
    for (let j = 0; j < layersPerBlock; j++) {
      if (isEnough()) return x;
      x = this.#resnet(x, `down_blocks.${i}.resnets.${j}`, blockOutChannels[i] ?? 0, i);
      if (type !== undefined && hasAttention(type))
        x = this.#attend(x, `down_blocks.${i}.attentions.${j}`, i);
      skips.push(x);
    }
    if (i < blockOutChannels.length - 1 && !isEnough()) {
      x = downsample(this.#g, x, `down_blocks.${i}.downsamplers.0`, this.#level(i + 1));
      skips.push(x);
    }
    return x;
  }

  #middle(input: Value): Value {
    const last = this.#config.blockOutChannels.length - 1;
    const channels = this.#config.blockOutChannels[last] ?? 0;
    const x = this.#resnet(input, 'mid_block.resnets.0', channels, last);
    return this.#resnet(
      this.#attend(x, 'mid_block.attentions.0', last),
      'mid_block.resnets.1',
      channels,
      last,
    );
  }

  #deepInput(branch: number): Value {
    const { channels, level } = branchEntry(this.#config, branch);
    const { rows, columns } = this.#level(level);
    return this.#input(unetNames.deep, ['batch', channels, rows, columns]);
  }

  #up(input: Value, i: number, skips: Value[]): Value {
    const { blockOutChannels, upBlockTypes } = this.#config;
    const { part, branch } = this.#extent;
    const type = upBlockTypes[i];
    const level = blockOutChannels.length - 1 - i;
    const count = layersPerUpBlock(this.#config);
    const entry = branch === undefined ? -1 : branchEntry(this.#config, branch).index - i * count;
    const first = part === 'whole' ? 0 : Math.max(0, entry);
    if (first >= count) return input;
    let x = input;
    for (let j = first; j < count; j++) {
      if (j === entry && part === 'whole') this.#g.output(unetNames.deep, cast(this.#g, x, 'f32'));
      const skip = skips.pop();
      if (skip === undefined)
        throw new KernelError(
          'KERNEL_CONFIG',
          'The up blocks take more skip connections than the down blocks left.',
        );
      x = concat(this.#g, [x, skip], 1, Number(x.shape[1]) + Number(skip.shape[1]));
      x = this.#resnet(x, `up_blocks.${i}.resnets.${j}`, blockOutChannels[level] ?? 0, level);
      if (type !== undefined && hasAttention(type))
        x = this.#attend(x, `up_blocks.${i}.attentions.${j}`, level);
    }
    if (level === 0) return x;
    const tiledFrom = this.#tiled(level - 1) && this.#level(level);
    return upsample(this.#g, x, `up_blocks.${i}.upsamplers.0`, this.#level(level - 1), tiledFrom);
  }

  #resnet(x: Value, name: string, out: number, level: number): Value {
    const { normNumGroups: groups, normEps: epsilon } = this.#config;
    return resnetBlock(this.#g, x, name, {
      out,
      groups,
      epsilon,
      time: this.#time,
      tiled: this.#tiled(level),
    });
  }

  #tiled(level: number): Level | undefined {
    return level <= LAST_TILED_LEVEL ? this.#level(level) : undefined;
  }

  #attend(x: Value, name: string, levelIndex: number): Value {
    const patcher = this.#merging?.blocks.includes(name) === true ? this.#patcher : undefined;
    const { image, patch } = spatialTransformer(this.#g, x, name, this.#level(levelIndex), {
      headCount: this.#config.headCounts[levelIndex] ?? 1,
      groups: this.#config.normNumGroups,
      useLinearProjection: this.#config.useLinearProjection,
      context: this.#context,
      ...(patcher === undefined
        ? {}
        : { patch: (metric: Value) => patcher({ name, level: levelIndex }, metric) }),
    });
    if (patch?.inverse !== undefined) this.#g.output(unetNames.map(name), patch.inverse);
    return image;
  }

  /** A float32 input, in the type that is computed in. */
  #input(name: string, shape: readonly Dim[]): Value {
    return cast(this.#g, this.#g.input(name, 'f32', shape), this.#g.target.float);
  }

  #level(index: number): Level {
    const level = this.#levels[index];
    if (level === undefined) throw new KernelError('KERNEL_CONFIG', `The U-Net has no level ${index}.`);
    return level;
  }
}
