/**
 * Writes tests/golden/single-file/NAME.json: how NAME.safetensors, as diffusers' converter wrote it, is put together
 * from the bytes of the folder tests/golden/NAME, so that 12 MB need not lie in the repository twice.
 * Use: node tests/golden/make/single-file.ts PATH/NAME.safetensors
 */
import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Segment, SingleFileRecipe } from '../../single-file.ts';

interface Entry {
  readonly data_offsets: readonly [number, number];
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64');

/** The header's text and the byte range of every tensor, in the order of the file. */
function parse(bytes: Buffer): { header: string; ranges: (readonly [number, number])[] } {
  const length = Number(bytes.readBigUInt64LE(0));
  const header = bytes.toString('utf8', 8, 8 + length);
  const entries = JSON.parse(header) as Record<string, Entry>;
  const ranges = Object.entries(entries)
    .filter(([name]) => name !== '__metadata__')
    .map(([, entry]): [number, number] => [8 + length + entry.data_offsets[0], 8 + length + entry.data_offsets[1]]);
  return { header, ranges: ranges.sort((a, b) => a[0] - b[0]) };
}

async function knownSegments(folder: string): Promise<Map<string, Segment>> {
  const known = new Map<string, Segment>();
  for (const part of ['unet', 'text_encoder', 'vae']) {
    for (const name of (await readdir(join(folder, part))).filter((file) => file.endsWith('.safetensors'))) {
      const file = `${part}/${name}`;
      const bytes = await readFile(join(folder, file));
      for (const [start, end] of parse(bytes).ranges) {
        known.set(digest(bytes.subarray(start, end)), { file, offsetBytes: start, sizeBytes: end - start });
      }
    }
  }
  return known;
}

/** Query, key and value lie one after the other in OpenCLIP's fused projection. */
const FUSED = 3;

function segmentsOf(bytes: Buffer, known: ReadonlyMap<string, Segment>): Segment[] {
  const whole = known.get(digest(bytes));
  if (whole !== undefined) return [whole];
  const third = bytes.length / FUSED;
  const parts = [0, 1, 2].map((i) => known.get(digest(bytes.subarray(i * third, (i + 1) * third))));
  const found = parts.filter((part) => part !== undefined);
  return found.length === FUSED ? found : [{ base64: bytes.toString('base64') }];
}

const source = process.argv[2];
if (source === undefined) throw new Error('Give the path of the single file to describe.');
const name = basename(source, '.safetensors');
const golden = join(import.meta.dirname, '..');
const bytes = await readFile(source);
const { header, ranges } = parse(bytes);
const known = await knownSegments(join(golden, name));
const recipe: SingleFileRecipe = {
  sizeBytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
  header,
  segments: ranges.flatMap(([start, end]) => segmentsOf(bytes.subarray(start, end), known)),
};
await writeFile(join(golden, 'single-file', `${name}.json`), `${JSON.stringify(recipe)}\n`);
