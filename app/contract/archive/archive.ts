import { strToU8, zip, zipSync, type Zippable } from 'fflate';
import type { GenerationRequest } from '#contract/request.ts';
import { archiveFormat, archiveVersion, entryOf } from './index-schema.ts';
import { encodeNpy } from './npy.ts';
import type { MergeMaps } from './merge-maps.ts';

/**
 * The `.tessera` file: a ZIP of a picture, its request, its figures and its merge maps, which NumPy and any unzipper read.
 * The same form without the picture holds a picture's maps on disk.
 */
export interface TesseraFile {
  readonly kind: 'maps' | 'picture';
  readonly request?: GenerationRequest;
  readonly modelName?: string;
  /** Times and memory as JSON, for people and scripts. */
  readonly figures?: unknown;
  readonly createdAt?: number;
  readonly maps?: MergeMaps;
  /** PNG. */
  readonly picture?: Uint8Array;
}

/** Of deflate: maps shrink well at once, and hardly more with patience. */
const level = 4;

export async function packTessera(file: TesseraFile): Promise<Uint8Array> {
  return await new Promise((resolve, reject) => {
    zip(entriesOf(file), { level }, (error, data) => {
      if (error === null) resolve(data);
      else reject(error);
    });
  });
}

/** For a thread that has nothing else to do. */
export function packTesseraSync(file: TesseraFile): Uint8Array {
  return zipSync(entriesOf(file), { level });
}

function entriesOf({ maps, picture, ...facts }: TesseraFile): Zippable {
  const files: Zippable = {};
  const index = {
    format: archiveFormat,
    version: archiveVersion,
    ...facts,
    ...(maps === undefined ? {} : { maps: outline(maps) }),
  };
  files[entryOf.index] = strToU8(JSON.stringify(index, null, 1));
  for (const { block, gridW, gridH, batch, map } of maps?.blocks ?? [])
    files[entryOf.block(block)] = encodeNpy(map, [maps?.steps.length ?? 0, batch, gridW * gridH]);
  for (const { gridW, gridH, rows, destinations } of maps?.grids ?? []) {
    const steps = maps?.steps.length ?? 1;
    files[entryOf.grid(gridW, gridH)] = encodeNpy(destinations, [
      steps,
      rows,
      destinations.length / steps / rows,
    ]);
  }
  // A PNG is deflated already.
  if (picture !== undefined) files[entryOf.picture] = [picture, { level: 0 }];
  return files;
}

function outline({ steps, grids, blocks }: MergeMaps) {
  return {
    steps,
    grids: grids.map(({ gridW, gridH, rows }) => ({ gridW, gridH, rows })),
    blocks: blocks.map(({ block, gridW, gridH, batch }) => ({ block, gridW, gridH, batch })),
  };
}
