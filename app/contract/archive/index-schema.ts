import * as v from 'valibot';
import { GenerationRequestSchema } from '#contract/request.ts';

/** `tessera.json`: what the archive says of itself. Every number in it is checked before anything is made from it. */
export const archiveFormat = 'tessera';
export const archiveVersion = 1;

const finite = v.pipe(v.number(), v.finite());
const dim = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4096));
const rows = v.pipe(dim, v.maxValue(64));
/** Names become entry names, so they are plain. */
const plainName = v.pipe(v.string(), v.regex(/^\w[\w.-]{0,119}$/));

const OutlineSchema = v.object({
  steps: v.pipe(
    v.array(v.object({ call: finite, timestep: finite, effectiveRatio: finite })),
    v.minLength(1),
    v.maxLength(2000),
  ),
  grids: v.pipe(v.array(v.object({ gridW: dim, gridH: dim, rows })), v.maxLength(64)),
  blocks: v.pipe(
    v.array(v.object({ block: plainName, gridW: dim, gridH: dim, batch: rows })),
    v.maxLength(256),
    v.check(
      (blocks) => new Set(blocks.map(({ block }) => block)).size === blocks.length,
      'a block is named twice',
    ),
  ),
});
export type Outline = v.InferOutput<typeof OutlineSchema>;

export const IndexSchema = v.object({
  format: v.literal(archiveFormat),
  version: v.pipe(v.number(), v.integer(), v.minValue(1)),
  kind: v.picklist(['maps', 'picture']),
  request: v.exactOptional(GenerationRequestSchema),
  modelName: v.exactOptional(v.pipe(v.string(), v.maxLength(1000))),
  figures: v.exactOptional(v.unknown()),
  createdAt: v.exactOptional(finite),
  maps: v.exactOptional(OutlineSchema),
});
export type Index = v.InferOutput<typeof IndexSchema>;

export const entryOf = {
  index: 'tessera.json',
  picture: 'picture.png',
  block: (name: string) => `maps/${name}.npy`,
  grid: (w: number, h: number) => `destinations/${w}x${h}.npy`,
};
