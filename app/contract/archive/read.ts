import { strFromU8, unzipSync, type Unzipped } from 'fflate';
import * as v from 'valibot';
import { ContractError } from '#contract/errors.ts';
import type { TesseraFile } from './archive.ts';
import { archiveVersion, entryOf, IndexSchema, type Index, type Outline } from './index-schema.ts';
import type { MergeMaps } from './merge-maps.ts';
import { decodeNpy } from './npy.ts';
import { checkPicture } from './picture.ts';

/** What the largest file of ours could need, and more than any harm needs: a file beyond is refused before it is unpacked. */
const limits = {
  entries: 400,
  indexBytes: 8 * 2 ** 20,
  pictureBytes: 128 * 2 ** 20,
  arrayBytes: 512 * 2 ** 20,
  totalBytes: 2 ** 30,
} as const;

const itemBytes = 4;
/** Of an .npy file before its data. */
const mostHeaderBytes = 4096;
const known = /^(?:tessera\.json|picture\.png|(?:maps|destinations)\/\w[\w.-]*\.npy)$/;
const leadsAway = /(?:^|[/\\])\.\.(?:[/\\]|$)|^[/\\]|^[a-z]:|\\|\0/i;

interface Entry {
  readonly name: string;
  readonly sizeBytes: number;
}

/**
 * Reads what packTessera writes. Throws ARCHIVE_INVALID for what is damaged, too large, or not as packTessera writes it.
 * In two passes: first the names, the sizes and the index; then, only if these agree, the rest. It unpacks where it runs,
 * so call it in a thread or worker. (fflate's own threads get its functions as text, and a minifier breaks that.)
 */
export function readTessera(bytes: Uint8Array): TesseraFile {
  const listed: Entry[] = [];
  const first = inflate(bytes, (entry) => {
    listed.push(entry);
    return entry.name === entryOf.index && entry.sizeBytes <= limits.indexBytes;
  });
  checkEntries(listed);
  const index = readIndex(first[entryOf.index], listed);
  const sizes = new Map(listed.map(({ name, sizeBytes }) => [name, sizeBytes]));
  if (index.maps !== undefined) checkSizes(index.maps, sizes);
  const entries = inflate(bytes, ({ name }) => name !== entryOf.index && known.test(name));
  for (const [name, entry] of Object.entries(entries))
    if (entry.length !== sizes.get(name)) throw invalid(`${name} is cut off`);
  const { maps: outline, version: _version, format: _format, ...facts } = index;
  const picture = entries[entryOf.picture];
  if (picture !== undefined) checkPicture(picture, invalid);
  return {
    ...facts,
    ...(picture === undefined ? {} : { picture }),
    ...(outline === undefined ? {} : { maps: readMaps(outline, entries) }),
  };
}

/** fflate inflates into a buffer of the size that the entry says it has, and no further. */
function inflate(bytes: Uint8Array, wants: (entry: Entry) => boolean): Unzipped {
  try {
    return unzipSync(bytes, { filter: ({ name, originalSize }) => wants({ name, sizeBytes: originalSize }) });
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
}

function checkEntries(listed: readonly Entry[]): void {
  if (listed.length > limits.entries)
    throw invalid(`it has ${listed.length} entries; allowed: ${limits.entries}`);
  const names = new Set<string>();
  let total = 0;
  for (const { name, sizeBytes } of listed) {
    if (leadsAway.test(name)) throw invalid(`an entry is called ${JSON.stringify(name.slice(0, 120))}`);
    if (names.has(name)) throw invalid(`it has ${name} twice`);
    names.add(name);
    const most =
      name === entryOf.index
        ? limits.indexBytes
        : name === entryOf.picture
          ? limits.pictureBytes
          : limits.arrayBytes;
    if (sizeBytes > most)
      throw invalid(`${name} would unpack to ${megabytes(sizeBytes)}; allowed: ${megabytes(most)}`);
    total += sizeBytes;
  }
  if (total > limits.totalBytes)
    throw invalid(`it would unpack to ${megabytes(total)}; allowed: ${megabytes(limits.totalBytes)}`);
}

function readIndex(json: Uint8Array | undefined, listed: readonly Entry[]): Index {
  if (json === undefined) throw invalid(`${entryOf.index} is missing`);
  const said = listed.find(({ name }) => name === entryOf.index)?.sizeBytes;
  if (said !== json.length) throw invalid(`${entryOf.index} is cut off`);
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
  if (result.output.version > archiveVersion)
    throw invalid(`it is of version ${result.output.version}, newer than this Tessera reads`);
  return result.output;
}

/** Before anything is unpacked: every array has the size that its shape in the index needs. */
function checkSizes({ steps, grids, blocks }: Outline, sizes: ReadonlyMap<string, number>): void {
  const check = (name: string, least: number, most: number): void => {
    const size = sizes.get(name);
    if (size === undefined) throw invalid(`${name} is missing`);
    if (size < least || size > most + mostHeaderBytes)
      throw invalid(`${name} has another shape than ${entryOf.index} says`);
  };
  for (const { block, gridW, gridH, batch } of blocks) {
    const bytes = steps.length * batch * gridW * gridH * itemBytes;
    check(entryOf.block(block), bytes, bytes);
  }
  // At most every token is a destination.
  for (const { gridW, gridH, rows } of grids)
    check(entryOf.grid(gridW, gridH), 0, steps.length * rows * gridW * gridH * itemBytes);
}

function readMaps({ steps, grids, blocks }: Outline, entries: Unzipped): MergeMaps {
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

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MB`;
}

function invalid(why: string): ContractError {
  return new ContractError(
    'ARCHIVE_INVALID',
    `This .tessera file cannot be read: ${why}. It may be damaged, or made by something else; take it from its maker again.`,
  );
}
