import { strFromU8, strToU8, unzip, zip, zipSync, type Unzipped, type Zippable } from 'fflate';
import * as v from 'valibot';
import { ContractError } from '#contract/errors.ts';
import { GenerationRequestSchema, type GenerationRequest } from '#contract/request.ts';
import { decodeNpy, encodeNpy } from './npy.ts';
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

const format = 'tessera';
const version = 1;
/** Of deflate: maps shrink well at once, and hardly more with patience. */
const level = 4;
const limits = {
  entries: 400,
  entryBytes: 512 * 2 ** 20,
  totalBytes: 2 ** 30,
  jsonBytes: 8 * 2 ** 20,
} as const;
const dim = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4096));
/** Names become entry names, so they are plain. */
const plainName = v.pipe(v.string(), v.regex(/^[\w.-]{1,120}$/));

const IndexSchema = v.object({
  format: v.literal(format),
  version: v.pipe(v.number(), v.integer(), v.minValue(1)),
  kind: v.picklist(['maps', 'picture']),
  request: v.exactOptional(GenerationRequestSchema),
  modelName: v.exactOptional(v.pipe(v.string(), v.maxLength(1000))),
  figures: v.exactOptional(v.unknown()),
  createdAt: v.exactOptional(v.number()),
  maps: v.exactOptional(
    v.object({
      steps: v.pipe(
        v.array(v.object({ call: v.number(), timestep: v.number(), effectiveRatio: v.number() })),
        v.minLength(1),
        v.maxLength(2000),
      ),
      grids: v.array(v.object({ gridW: dim, gridH: dim, rows: v.pipe(dim, v.maxValue(64)) })),
      blocks: v.array(
        v.object({ block: plainName, gridW: dim, gridH: dim, batch: v.pipe(dim, v.maxValue(64)) }),
      ),
    }),
  ),
});
type Index = v.InferOutput<typeof IndexSchema>;

const entryOf = {
  index: 'tessera.json',
  picture: 'picture.png',
  block: (name: string) => `maps/${name}.npy`,
  grid: (w: number, h: number) => `destinations/${w}x${h}.npy`,
};

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
  const index = { format, version, ...facts, ...(maps === undefined ? {} : { maps: outline(maps) }) };
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

/** Throws ARCHIVE_INVALID for what is damaged, too large, or not as packTessera writes it. */
export async function readTessera(bytes: Uint8Array): Promise<TesseraFile> {
  const entries = await inflate(bytes);
  const index = readIndex(entries);
  const { maps: outlined, version: _version, format: _format, ...facts } = index;
  const picture = entries[entryOf.picture];
  return {
    ...facts,
    ...(picture === undefined ? {} : { picture }),
    ...(outlined === undefined ? {} : { maps: readMaps(outlined, entries) }),
  };
}

function inflate(bytes: Uint8Array): Promise<Unzipped> {
  let count = 0;
  let total = 0;
  let tooLarge = false;
  return new Promise((resolve, reject) => {
    unzip(
      bytes,
      {
        // Sizes are read before anything is inflated, and fflate inflates to no more than the size said.
        filter: ({ name, originalSize }) => {
          count++;
          total += originalSize;
          tooLarge ||=
            count > limits.entries || originalSize > limits.entryBytes || total > limits.totalBytes;
          return (
            !tooLarge && /^(?:tessera\.json|picture\.png|(?:maps|destinations)\/[\w.-]+\.npy)$/.test(name)
          );
        },
      },
      (error, entries) => {
        if (tooLarge) reject(invalid('it would unpack to more than a .tessera file ever holds'));
        else if (error !== null) reject(invalid(error.message));
        else resolve(entries);
      },
    );
  });
}

function readIndex(entries: Unzipped): Index {
  const json = entries[entryOf.index];
  if (json === undefined) throw invalid(`${entryOf.index} is missing`);
  if (json.length > limits.jsonBytes)
    throw invalid(`${entryOf.index} is larger than ${limits.jsonBytes} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(strFromU8(json));
  } catch {
    throw invalid(`${entryOf.index} is not JSON`);
  }
  const result = v.safeParse(IndexSchema, value);
  if (!result.success) {
    const [issue] = result.issues;
    throw invalid(`${entryOf.index}: ${v.getDotPath(issue) ?? 'root'}: ${issue.message}`);
  }
  if (result.output.version > version)
    throw invalid(`it is of version ${result.output.version}, newer than this Tessera reads`);
  return result.output;
}

function readMaps({ steps, grids, blocks }: NonNullable<Index['maps']>, entries: Unzipped): MergeMaps {
  return {
    steps,
    blocks: blocks.map((block) => {
      const tokens = block.gridW * block.gridH;
      const name = entryOf.block(block.block);
      const map = readIntegers(entries, name, tokens);
      if (map.length !== steps.length * block.batch * tokens)
        throw invalid(`${name} has another shape than ${entryOf.index} says`);
      return { ...block, map };
    }),
    grids: grids.map((grid) => {
      const name = entryOf.grid(grid.gridW, grid.gridH);
      const destinations = readIntegers(entries, name, grid.gridW * grid.gridH);
      if (destinations.length % (steps.length * grid.rows) !== 0)
        throw invalid(`${name} has another shape than ${entryOf.index} says`);
      return { ...grid, destinations };
    }),
  };
}

/** Token numbers below `tokens`; −1 stands for none. */
function readIntegers(entries: Unzipped, name: string, tokens: number): Int32Array {
  const bytes = entries[name];
  if (bytes === undefined) throw invalid(`${name} is missing`);
  const { data } = decodeNpy(bytes);
  if (!(data instanceof Int32Array)) throw invalid(`${name} does not hold whole numbers`);
  for (const value of data)
    if (value < -1 || value >= tokens) throw invalid(`${name} names token ${value} of ${tokens}`);
  return data;
}

function invalid(why: string): ContractError {
  return new ContractError(
    'ARCHIVE_INVALID',
    `This .tessera file cannot be read: ${why}. It may be damaged, or made by something else; take it from its maker again.`,
  );
}
