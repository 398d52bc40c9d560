/**
 * Shapes that only the run knows, as int64 inputs that the host fills in. They are inputs rather than operators because
 * the runtime puts whatever computes a shape on the CPU, wherever the rest of the graph runs.
 */

/** (B, −1, C): rows of C channels, sample by sample. */
export function batchInput(channels: number): string {
  return `batch/${channels}`;
}

/** (as it is, B, −1): [parts, groups, q] → a sample's groups side by side in each part. */
export const partsInput = 'batch/parts';

/** (h, w) of a level. */
export function gridInput(level: number): string {
  return `level${level}/grid`;
}

/** (B, h, w, −1): a level's tokens laid out as its grid. */
export function tokensInput(level: number): string {
  return `level${level}/tokens`;
}

export interface RunSizes {
  readonly batch: number;
  /** Height and width of every level's grid. */
  readonly grids: readonly { readonly h: number; readonly w: number }[];
}

export interface ShapeFeed {
  readonly data: BigInt64Array;
  readonly shape: readonly number[];
}

/** The shapes among a graph's inputs. */
export function shapeFeeds(inputs: readonly string[], { batch, grids }: RunSizes): Record<string, ShapeFeed> {
  const feeds: Record<string, ShapeFeed> = {};
  for (const name of inputs) {
    const [, channels] = /^batch\/(\d+)$/u.exec(name) ?? [];
    const [, level, kind] = /^level(\d+)\/(grid|tokens)$/u.exec(name) ?? [];
    const grid = grids[Number(level)];
    if (name === partsInput) feeds[name] = shapeOf([0, batch, -1]);
    else if (channels !== undefined) feeds[name] = shapeOf([batch, -1, Number(channels)]);
    else if (grid !== undefined)
      feeds[name] = shapeOf(kind === 'grid' ? [grid.h, grid.w] : [batch, grid.h, grid.w, -1]);
  }
  return feeds;
}

function shapeOf(sizes: readonly number[]): ShapeFeed {
  return { data: BigInt64Array.from(sizes, BigInt), shape: [sizes.length] };
}
