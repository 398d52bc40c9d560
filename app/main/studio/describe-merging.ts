import type { Notice } from '#contract/notices/notice.ts';
import type { MergingOptions } from '#contract/request.ts';
import type { MergingDescription } from '#contract/studio/models.ts';
import type { UnetConfig } from '#kernels/nets/configs.ts';
import { attentionBlocks, levelGrids } from '#kernels/nets/unet-blocks.ts';
import { describeMerging } from '#kernels/tome/describe.ts';

export interface DescribeInput {
  readonly config: UnetConfig;
  /** Pixels a latent, along each side. */
  readonly downscale: number;
  readonly merging: MergingOptions;
  readonly widthPx: number;
  readonly heightPx: number;
  /** Measured here: time of a step without merging over that with it. */
  readonly speedup: number | null;
}

/** The U-Net map before anything runs: every attention block, and what merging would leave of it. */
export function describeForStudio(input: DescribeInput): MergingDescription {
  const { config, merging, widthPx, heightPx, speedup, downscale } = input;
  const latentH = Math.ceil(heightPx / downscale);
  const latentW = Math.ceil(widthPx / downscale);
  const report = describeMerging(config, merging, latentH, latentW);
  const grids = levelGrids(config.blockOutChannels.length, latentH, latentW);
  const merged = new Map(report.blocks.map((block) => [block.block, block]));
  const blocks = attentionBlocks(config).map(({ name, level }) => {
    const { h, w } = grids[level] ?? { h: 0, w: 0 };
    const found = merged.get(name);
    return {
      block: name,
      section: name.startsWith('down')
        ? ('down' as const)
        : name.startsWith('up')
          ? ('up' as const)
          : ('mid' as const),
      gridW: w,
      gridH: h,
      merges: found !== undefined && Math.min(found.leftAtStart, found.leftAtEnd) < h * w,
      leftAtStart: found?.leftAtStart ?? h * w,
      leftAtEnd: found?.leftAtEnd ?? h * w,
    };
  });
  const largest = Math.max(...blocks.map(({ gridW, gridH }) => gridW * gridH));
  const atLargest = blocks.filter(({ gridW, gridH }) => gridW * gridH === largest);
  return {
    effectiveRatio: report.effectiveRatio,
    effectiveRatioEnd: report.effectiveRatioEnd,
    maxRatio: report.maxRatio,
    tokens: largest,
    tokensLeft: Math.min(...atLargest.map(({ leftAtStart }) => leftAtStart)),
    notes: [...report.notes, ...slower(speedup, merging.ratio)],
    blocks,
    speedup,
  };
}

function slower(speedup: number | null, ratio: number): Notice[] {
  if (speedup === null || speedup >= 1 || ratio === 0) return [];
  return [{ code: 'merging-slower', share: 1 / speedup - 1 }];
}
