import { createHash } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Bytes of a file of the folder of the same name, or bytes that only the single file has. */
export type Segment =
  | { readonly file: string; readonly offsetBytes: number; readonly sizeBytes: number }
  | { readonly base64: string };

/** tests/golden/single-file/NAME.json: written by tests/golden/make/single-file.ts. */
export interface SingleFileRecipe {
  readonly sizeBytes: number;
  readonly sha256: string;
  /** The header's text as it stands in the file, padding included. */
  readonly header: string;
  /** The data behind the header, one after the other. */
  readonly segments: readonly Segment[];
}

const golden = join(import.meta.dirname, 'golden');

/**
 * Puts together the single-file checkpoint (original LDM names) of a golden folder, byte for byte as diffusers'
 * converter wrote it, in `folder` or in a new temporary one. Its path comes back.
 */
export async function assembleSingleFile(name: 'tiny-sd15' | 'tiny-sd21', folder?: string): Promise<string> {
  const text = await readFile(join(golden, 'single-file', `${name}.json`), 'utf8');
  const recipe = JSON.parse(text) as SingleFileRecipe;
  const sources = new Map<string, Buffer>();
  const header = Buffer.from(recipe.header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const chunks: Buffer[] = [length, header];
  for (const segment of recipe.segments) {
    if ('base64' in segment) {
      chunks.push(Buffer.from(segment.base64, 'base64'));
      continue;
    }
    const bytes = sources.get(segment.file) ?? (await readFile(join(golden, name, segment.file)));
    sources.set(segment.file, bytes);
    chunks.push(bytes.subarray(segment.offsetBytes, segment.offsetBytes + segment.sizeBytes));
  }
  const file = Buffer.concat(chunks);
  const sha256 = createHash('sha256').update(file).digest('hex');
  if (sha256 !== recipe.sha256)
    throw new Error(`${name}.safetensors came out as ${sha256}, not ${recipe.sha256}`);
  const path = join(folder ?? (await mkdtemp(join(tmpdir(), 'tessera-'))), `${name}.safetensors`);
  await writeFile(path, file);
  return path;
}
