import type { EngineEvent } from '#contract/engine-protocol.ts';

/** Which token stands for which, in every merged block at every step of one picture. */
export interface MergeMaps {
  readonly steps: readonly MergeStep[];
  readonly grids: readonly MergeGrid[];
  readonly blocks: readonly MergeBlock[];
}

export interface MergeStep {
  /** Calls of the U-Net's loop that were done, 1 = after the first. */
  readonly call: number;
  readonly timestep: number;
  readonly effectiveRatio: number;
}

export interface MergeGrid {
  readonly gridW: number;
  readonly gridH: number;
  /** 1 where both halves of guidance share the destinations. */
  readonly rows: number;
  /** [steps, rows, count]: destination tokens, row-major positions. */
  readonly destinations: Int32Array;
}

export interface MergeBlock {
  readonly block: string;
  readonly gridW: number;
  readonly gridH: number;
  /** Rows of the batch: with guidance 2, the negative prompt first. */
  readonly batch: number;
  /** [steps, batch, gridH·gridW]: for each token, the token that stands for it; −1 where it was pruned. */
  readonly map: Int32Array;
}

export type MapsEvent = Extract<EngineEvent, { type: 'maps' }>;

/** Gathers the steps of one picture. Blocks that merge only at some steps stand for themselves at the others. */
export function createMapsCollector(): { add(event: MapsEvent): void; result(): MergeMaps | undefined } {
  const events: MapsEvent[] = [];
  return {
    add: (event) => void events.push(event),
    result: () => (events.length === 0 ? undefined : mergeMapsFrom(events)),
  };
}

export function mergeMapsFrom(events: readonly MapsEvent[]): MergeMaps {
  const grids = new Map<string, MapsEvent['destinations'][number]>();
  const blocks = new Map<string, MapsEvent['blocks'][number]>();
  for (const event of events) {
    for (const grid of event.destinations) grids.set(`${grid.gridW}x${grid.gridH}`, grid);
    for (const block of event.blocks) blocks.set(block.block, block);
  }
  return {
    steps: events.map(({ call, timestep, effectiveRatio }) => ({ call, timestep, effectiveRatio })),
    grids: [...grids.values()].map(({ gridW, gridH, rows, positions }) => ({
      gridW,
      gridH,
      rows,
      destinations: stack(
        events.map(
          (event) => event.destinations.find((d) => d.gridW === gridW && d.gridH === gridH)?.positions,
        ),
        positions.length,
        // No partition was drawn at this step: nothing was merged, and no token is a destination.
        () => -1,
      ),
    })),
    blocks: [...blocks.values()].map(({ block, gridW, gridH, batch }) => ({
      block,
      gridW,
      gridH,
      batch,
      map: stack(
        events.map((event) => event.blocks.find((b) => b.block === block)?.map),
        batch * gridW * gridH,
        (i) => i % (gridW * gridH),
      ),
    })),
  };
}

/** The steps of one picture, and those that came after them. What only one of the two has merged stands for itself in the other. */
export function appendMaps(before: MergeMaps, after: MergeMaps): MergeMaps {
  const isSameGrid = (one: MergeGrid) => (other: MergeGrid) =>
    one.gridW === other.gridW && one.gridH === other.gridH;
  const isSameBlock = (one: MergeBlock) => (other: MergeBlock) => one.block === other.block;
  const grids = [...before.grids, ...after.grids.filter((grid) => !before.grids.some(isSameGrid(grid)))];
  const blocks = [
    ...before.blocks,
    ...after.blocks.filter((block) => !before.blocks.some(isSameBlock(block))),
  ];
  const [stepsBefore, stepsAfter] = [before.steps.length, after.steps.length];
  return {
    steps: [...before.steps, ...after.steps],
    grids: grids.map((grid) => {
      const [one, other] = [before, after].map(({ grids }) => grids.find(isSameGrid(grid))?.destinations);
      const size = (one?.length ?? 0) / stepsBefore || (other?.length ?? 0) / stepsAfter;
      return {
        ...grid,
        destinations: joined(one, stepsBefore * size, other, stepsAfter * size, () => -1),
      };
    }),
    blocks: blocks.map((block) => {
      const [one, other] = [before, after].map(({ blocks }) => blocks.find(isSameBlock(block))?.map);
      const tokens = block.gridW * block.gridH;
      const size = block.batch * tokens;
      return {
        ...block,
        map: joined(one, stepsBefore * size, other, stepsAfter * size, (i) => i % tokens),
      };
    }),
  };
}

function joined(
  one: Int32Array | undefined,
  oneLength: number,
  other: Int32Array | undefined,
  otherLength: number,
  missing: (i: number) => number,
): Int32Array {
  const out = new Int32Array(oneLength + otherLength);
  if (one?.length === oneLength) out.set(one);
  else for (let i = 0; i < oneLength; i++) out[i] = missing(i);
  if (other?.length === otherLength) out.set(other, oneLength);
  else for (let i = 0; i < otherLength; i++) out[oneLength + i] = missing(i);
  return out;
}

/** One row a step, all of one length; a step that has none gets what `missing` says. */
function stack(
  rows: readonly (Int32Array | undefined)[],
  length: number,
  missing: (i: number) => number,
): Int32Array {
  const out = new Int32Array(rows.length * length);
  rows.forEach((row, step) => {
    if (row?.length === length) out.set(row, step * length);
    else for (let i = 0; i < length; i++) out[step * length + i] = missing(i);
  });
  return out;
}
