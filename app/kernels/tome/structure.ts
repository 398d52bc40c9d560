export type MergeMode = 'merge' | 'prune' | 'downsample';
/** The three parts of a transformer block that may work on fewer tokens. */
export type MergeModule = 'self' | 'cross' | 'mlp';
/** Which side of the self-attention has fewer tokens (see the contract's mergeSides); the other parts have one side only. */
export type MergeSide = 'all' | 'sampled' | 'queries' | 'keys-values';
/** What one match serves: see the contract's matchScopes. */
export type MatchScope = 'block' | 'stage' | 'level';

/** What of the U-Net merges: fixed when the graph is built. Ratio and partition are not: they arrive with each run. */
export interface MergeStructure {
  readonly mode: MergeMode;
  /** Names as diffusers has them: `down_blocks.0.attentions.0`, `mid_block.attentions.0`, … */
  readonly blocks: readonly string[];
  readonly modules: readonly MergeModule[];
  readonly side: MergeSide;
  readonly matchScope: MatchScope;
  /** A match leaves the graph, and one of an earlier run may be given in its place. */
  readonly carriesMatch: boolean;
  /** Tokens are matched within windows of the grid. */
  readonly windowed: boolean;
  /** How many go is known in the graph alone: all that are alike enough. */
  readonly thresholded: boolean;
}

/** Which blocks share a match: those of one key. */
export function matchKey(scope: MatchScope, block: string, level: number): string {
  if (scope === 'block') return block;
  const stage = scope === 'stage' ? `/${block.slice(0, block.indexOf('_'))}` : '';
  return `level${level}${stage}`;
}

/** tomesd's way: both sides, every block matched for itself, in every step, over the whole grid. */
export const tomesdMatching = {
  side: 'all',
  matchScope: 'block',
  carriesMatch: false,
  windowed: false,
  thresholded: false,
} as const;
