import type { Precision } from '#contract/runtime.ts';
import type { UnetConfig, VaeConfig } from '#kernels/nets/configs.ts';
import { vaeDownscale } from '#kernels/nets/configs.ts';
import { attentionBlocks, levelGrids } from '#kernels/nets/unet-blocks.ts';
import { selectBlocks, type MergeSettings } from '#kernels/tome/settings.ts';
import { stripValues } from '../pipeline/decode-size.ts';

/**
 * Values that a pass holds at once where it holds the most, counted on the graphs of kernels/nets. Attention is fused, so
 * no matrix of all pairs of tokens is among them; the match compares in parts of a few megabytes.
 */

/** Hidden width of the feed-forward layers against the block's: value, gate and what gelu makes of the gate. */
const feedForwardTensors = 3 * 4;
/** The picture that goes around the block, its rows, and the normed rows. */
const aroundTensors = 3;
/** A residual block of the up path: what was joined, the same normed, and laid out for the convolution; and its result. */
const residualInputs = 3;
/** In 8 bits: what was joined, and of each place its nine neighbours, one byte a value, apart and side by side. */
const eightBitResidualInputs = 1 + (2 * 9) / Float32Array.BYTES_PER_ELEMENT;

export interface PassSize {
  readonly latentH: number;
  readonly latentW: number;
  /** 2 with guidance. */
  readonly batch: number;
}

/** Values of one pass of the U-Net beside its weights, counted as four bytes each in int8 as well. */
export function unetPassValues(
  config: UnetConfig,
  merging: MergeSettings,
  { latentH, latentW, batch }: PassSize,
  precision: Precision = 'f32',
): number {
  const inputs = precision === 'int8' ? eightBitResidualInputs : residualInputs;
  const { blockOutChannels, layersPerBlock } = config;
  const grids = levelGrids(blockOutChannels.length, latentH, latentW);
  const unit = (level: number, channels = blockOutChannels[level] ?? 0): number => {
    const { h, w } = grids[level] ?? { h: 0, w: 0 };
    return batch * h * w * channels;
  };
  const attending = new Set(attentionBlocks(config).map((block) => block.level));
  const mlpLeft = mlpShares(config, merging);
  let skipsBelow = 0;
  let most = 0;
  for (let level = 0; level < blockOutChannels.length; level++) {
    const skips = skipsBelow + layersPerBlock * unit(level);
    const fromBelow = blockOutChannels[level + 1] ?? blockOutChannels[level] ?? 0;
    const joined = unit(level, fromBelow + (blockOutChannels[level] ?? 0));
    most = Math.max(most, skips + inputs * joined + unit(level));
    if (attending.has(level))
      most = Math.max(
        most,
        skips + (aroundTensors + feedForwardTensors * (mlpLeft.get(level) ?? 1)) * unit(level),
      );
    skipsBelow += (layersPerBlock + 1) * unit(level);
  }
  return most;
}

/** Merging shortens the feed-forward layers, the widest tensors of all, only where it is asked to, and in every block of a level. */
function mlpShares(config: UnetConfig, merging: MergeSettings): Map<number, number> {
  const ratio = Math.min(merging.ratio, merging.ratioEnd ?? merging.ratio);
  const mergeable = 1 - 1 / (merging.sx * merging.sy);
  const selected = new Set(selectBlocks(config, merging).map((block) => block.name));
  const shares = new Map<number, number>();
  if (!merging.mlp || merging.mode === 'downsample') return shares;
  for (const block of attentionBlocks(config)) {
    const left = selected.has(block.name) ? 1 - Math.min(ratio, mergeable) : 1;
    shares.set(block.level, Math.max(left, shares.get(block.level) ?? 0));
  }
  return shares;
}

/** Tensors of a residual block of the decoder's last level that are alive at once, measured without the runtime's arena. */
const decoderTensors = 3;

/** Values of decoding latents at once: the last level's tensors, which still have the channels of the level before. */
export function decodeValues(config: VaeConfig, latentH: number, latentW: number): number {
  const scale = vaeDownscale(config);
  const channels = Math.max(...config.blockOutChannels.slice(0, 2));
  return decoderTensors * channels * latentH * scale * latentW * scale;
}

/** Tensors of a strip's widest that a piece takes, what it was fed and gave included; measured 8.2 to 9.5 in an arena. */
const stripTensors = 9.5;

/** Values of decoding in strips: of the picture between two pieces, and what a piece works with. */
export function stripDecodeValues(
  config: VaeConfig,
  latentH: number,
  latentW: number,
): { readonly between: number; readonly working: number } {
  const scale = vaeDownscale(config);
  const places = latentH * scale * latentW * scale;
  const [own = 0, below = own] = config.blockOutChannels;
  return {
    // What comes from below while it is made into two of its own channels, and then these two.
    between: Math.max(below, 2 * own) * places,
    working: stripTensors * Math.min(stripValues, Math.max(below, own) * places),
  };
}
