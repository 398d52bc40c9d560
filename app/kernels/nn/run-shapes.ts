/**
 * Shapes that only the run knows, as int64 inputs that the host fills in, and what follows from them. They are inputs
 * rather than operators because the runtime puts whatever computes a shape on the CPU, wherever the rest of the graph runs.
 */

import { kernelTransform, tilingOf, type Grid } from './winograd-tiles.ts';

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

/** int32 [parts, 36, tiles]: which places of a source's grid the tiles of a level read; nn/winograd-tiles.ts. */
export function tilesInput(level: number, source: number): string {
  return `level${level}/tiles/${source}`;
}

/** int32 [B·h·w]: where the tiles' results go. */
export function placesInput(level: number): string {
  return `level${level}/places`;
}

/** f32 [36, 9]: the transform of Winograd's kernels. */
export const kernelTransformInput = 'winograd/kernels';

export interface RunSizes {
  readonly batch: number;
  /** Height and width of every level's grid. */
  readonly grids: readonly Grid[];
}

export interface ShapeFeed {
  readonly data: BigInt64Array | Int32Array | Float32Array;
  readonly shape: readonly number[];
}

/** The shapes among a graph's inputs. */
export function shapeFeeds(inputs: readonly string[], { batch, grids }: RunSizes): Record<string, ShapeFeed> {
  const feeds: Record<string, ShapeFeed> = {};
  for (const name of inputs) {
    const [, channels] = /^batch\/(\d+)$/u.exec(name) ?? [];
    const [, level, kind = '', source = level] =
      /^level(\d+)\/(grid|tokens|tiles|places)(?:\/(\d+))?$/u.exec(name) ?? [];
    const grid = grids[Number(level)];
    if (name === partsInput) feeds[name] = shapeOf([0, batch, -1]);
    else if (name === kernelTransformInput) feeds[name] = kernels;
    else if (channels !== undefined) feeds[name] = shapeOf([batch, -1, Number(channels)]);
    else if (grid !== undefined) feeds[name] = levelFeed(kind, batch, grid, grids[Number(source)]);
  }
  return feeds;
}

const kernels: ShapeFeed = { data: Float32Array.from(kernelTransform), shape: [36, 9] };

function levelFeed(kind: string, batch: number, grid: Grid, source: Grid = grid): ShapeFeed {
  const { h, w } = grid;
  if (kind === 'grid') return shapeOf([h, w]);
  if (kind === 'tokens') return shapeOf([batch, h, w, -1]);
  const { tiles, tilesShape, places } = tilingOf(batch, grid, source);
  return kind === 'tiles' ? { data: tiles, shape: tilesShape } : { data: places, shape: [places.length] };
}

function shapeOf(sizes: readonly number[]): ShapeFeed {
  return { data: BigInt64Array.from(sizes, BigInt), shape: [sizes.length] };
}
