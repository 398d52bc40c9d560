import type { Command } from 'commander';
import { RequestError } from '#contract/errors.ts';
import {
  matchScopes,
  maxDownsamples,
  mergeModes,
  mergeSides,
  noMerging,
  partitionKinds,
} from '#contract/request.ts';
import { list, number, optionalNumber, pair } from './option-values.ts';

/** The options of token merging as commander hands them over. */
export interface MergingTexts {
  readonly ratio: string;
  readonly ratioEnd?: string;
  readonly mergeMode: string;
  readonly partition: string;
  readonly cell: string;
  readonly maxDownsample: string;
  readonly mergeBlocks?: string;
  readonly merge: string;
  readonly sharePartition: boolean;
  readonly mergeSide: string;
  readonly mergeThreshold?: string;
  readonly importance: string;
  readonly matchScope: string;
  readonly matchEvery: string;
  readonly matchWindow: string;
  readonly mergeCostly?: boolean;
}

const mergeModules = ['self', 'cross', 'mlp'] as const;

export function addMergingOptions(command: Command): Command {
  return command
    .optionsGroup('Token merging:')
    .option('-r, --ratio <share>', 'share of tokens merged away, 0 to 1; 0 = no merging', '0')
    .option(
      '--ratio-end <share>',
      'share at the last step; runs there in a straight line (default: as --ratio)',
    )
    .option(
      '--merge-mode <mode>',
      `one of ${mergeModes.join(', ')}: average tokens, leave them out, or take keys and values from a coarser grid (ToDo)`,
      noMerging.mode,
    )
    .option(
      '--merge-side <side>',
      `one of ${mergeSides.join(', ')}: which side of the self-attention has fewer tokens`,
      noMerging.side,
    )
    .option(
      '--merge-threshold <cosine>',
      'likeness from which on a token goes, -1 to 1; --ratio is then the most that may go (CA-ToMe)',
    )
    .option(
      '--importance <weight>',
      'how strongly what guidance changed at the step before keeps tokens from going, 0 to 1; needs --guidance over 1 (IBTM)',
      String(noMerging.importance),
    )
    .option(
      '--partition <kind>',
      `how destinations are chosen: ${partitionKinds.join(', ')}`,
      noMerging.partition,
    )
    .option(
      '--cell <SXxSY>',
      'tokens of a cell across and down; each has one destination',
      `${noMerging.sx}x${noMerging.sy}`,
    )
    .option(
      '--max-downsample <n>',
      `merge blocks downsampled up to ${maxDownsamples.join(', ')}`,
      String(noMerging.maxDownsample),
    )
    .option('--merge-blocks <a,b>', 'merge these blocks instead, by name ("inspect" lists them)')
    .option('--merge <modules>', `which of ${mergeModules.join(',')} work on merged tokens`, 'self')
    .option(
      '--no-share-partition',
      'a partition of its own for each half of guidance (worse pictures; for comparison)',
    )
    .option(
      '--match-scope <scope>',
      `one of ${matchScopes.join(', ')}: what one match serves; fewer matches are faster`,
      noMerging.matchScope,
    )
    .option(
      '--match-every <n>',
      'match anew every n-th step only; the steps between go on with its match',
      String(noMerging.matchEvery),
    )
    .option(
      '--match-window <n>',
      'match within windows of n tokens a side; 0 = over the whole grid',
      String(noMerging.matchWindow),
    )
    .option('--merge-costly', 'merge even where that costs more time than it saves');
}

/** A request's merging, its limits not yet checked. Throws REQUEST_INVALID for what is no number or no known part. */
export function mergingOf(options: MergingTexts) {
  const [sx, sy] = pair('--cell', options.cell, '2x2');
  const modules = list(options.merge);
  const unknown = modules.filter((name) => !mergeModules.some((known) => known === name));
  if (unknown.length > 0) {
    throw new RequestError(
      'REQUEST_INVALID',
      `--merge names ${unknown.join(', ')}; allowed: ${mergeModules.join(', ')}, joined by commas.`,
    );
  }
  return {
    ratio: number('--ratio', options.ratio),
    ...(options.ratioEnd === undefined ? {} : { ratioEnd: number('--ratio-end', options.ratioEnd) }),
    mode: options.mergeMode,
    partition: options.partition,
    sx,
    sy,
    maxDownsample: number('--max-downsample', options.maxDownsample),
    ...(options.mergeBlocks === undefined ? {} : { blocks: list(options.mergeBlocks) }),
    selfAttention: modules.includes('self'),
    crossAttention: modules.includes('cross'),
    mlp: modules.includes('mlp'),
    sharePartition: options.sharePartition,
    ...matching(options),
  };
}

/** Which tokens go, and how they find where to. */
function matching(options: MergingTexts) {
  const threshold = optionalNumber('--merge-threshold', options.mergeThreshold);
  return {
    side: options.mergeSide,
    ...(threshold === undefined ? {} : { threshold }),
    importance: number('--importance', options.importance),
    matchScope: options.matchScope,
    matchEvery: number('--match-every', options.matchEvery),
    matchWindow: number('--match-window', options.matchWindow),
    leaveOutCostly: options.mergeCostly !== true,
  };
}
