import type { MergeMaps } from '#contract/archive/merge-maps.ts';
import { placeOf } from './block-names.ts';
import { mergedCount } from './frame.ts';

export interface PlainBlock {
  readonly block: string;
  readonly gridW: number;
  readonly gridH: number;
}

/** One bar of the U-Net's map. */
export interface Bar extends PlainBlock {
  /** Where its maps are among those of the picture; undefined: nothing was ever merged in it. */
  readonly mapIndex: number | undefined;
  /** Its side against that of the largest grid: by side, not by area, so that small grids stay visible. */
  readonly height: number;
}

/** Bars that stand together: one section of the U-Net on one grid. */
export interface Level {
  readonly section: 'down' | 'mid' | 'up';
  readonly gridW: number;
  readonly gridH: number;
  readonly bars: readonly Bar[];
}

const order = { down: 0, mid: 1, up: 2 } as const;

/** Every attention block in running order, those that merge and those that do not. */
export function levelsOf(maps: MergeMaps | null, unmerged: readonly PlainBlock[]): Level[] {
  const merged = (maps?.blocks ?? []).map((block, mapIndex) => ({ ...block, mapIndex }));
  const known = new Set(merged.map(({ block }) => block));
  const all = [
    ...merged,
    ...unmerged.filter(({ block }) => !known.has(block)).map((block) => ({ ...block, mapIndex: undefined })),
  ].sort((one, other) => {
    const [a, b] = [placeOf(one.block), placeOf(other.block)];
    return order[a.section] - order[b.section] || a.level - b.level || a.index - b.index;
  });
  const largest = Math.max(1, ...all.map(({ gridW, gridH }) => gridW * gridH));
  const levels: (Level & { bars: Bar[] })[] = [];
  for (const { block, gridW, gridH, mapIndex } of all) {
    const { section } = placeOf(block);
    const bar = { block, gridW, gridH, mapIndex, height: Math.sqrt((gridW * gridH) / largest) };
    const last = levels.at(-1);
    if (last?.section === section && last.gridW === gridW && last.gridH === gridH) last.bars.push(bar);
    else levels.push({ section, gridW, gridH, bars: [bar] });
  }
  return levels;
}

/** Share of a block's tokens that is merged away, at each step. */
export function sharesByStep(maps: MergeMaps, blockIndex: number, half: number): number[] {
  const block = maps.blocks[blockIndex];
  if (block === undefined) return [];
  const tokens = block.gridW * block.gridH;
  return maps.steps.map((_, step) => mergedCount(maps, blockIndex, step, half) / tokens);
}
