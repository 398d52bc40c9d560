import { open, readFile, stat, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { ModelError } from '#contract/errors.ts';

/** A configuration is a few kilobytes; CLIP's vocabulary is 1 MB. More than this is not a configuration. */
const MAX_JSON_BYTES = 16 * 1024 * 1024;

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const SHOWN_CHARACTERS = 80;
const SHOWN_ITEMS = 12;

/** A value out of a file for a message: printable, short, and shallow however deep it is nested. */
export function showValue(value: unknown): string {
  if (Array.isArray(value)) {
    const items = value
      .slice(0, SHOWN_ITEMS)
      .map((item: unknown) => (Array.isArray(item) ? '[…]' : showValue(item)));
    return `[${items.join(', ')}${value.length > SHOWN_ITEMS ? ', …' : ''}]`;
  }
  if (isObject(value)) return '{…}';
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value);
}

/** The code of a failed file operation (ENOENT, EACCES …), or '' for any other error. */
export function ioCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** What a failed file operation means to the user. */
export function unreadable(path: string, cause: unknown): ModelError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ModelError(
    'MODEL_UNREADABLE',
    `${path} cannot be read (${reason}). Check that the file exists, that you may read it, and that its disk is there.`,
    { details: { path, ioCode: ioCode(cause) }, cause },
  );
}

/** Runs `work` with the file open for reading. Failures of the file system become MODEL_UNREADABLE. */
export async function withFile<T>(path: string, work: (handle: FileHandle) => Promise<T>): Promise<T> {
  try {
    const handle = await open(path, 'r');
    try {
      return await work(handle);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof ModelError || ioCode(error) === '') throw error;
    throw unreadable(path, error);
  }
}

/** Reads up to `sizeBytes` at `offsetBytes`; fewer come back only at the end of the file. */
export async function readRange(handle: FileHandle, offsetBytes: number, sizeBytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(sizeBytes);
  let filled = 0;
  while (filled < sizeBytes) {
    const { bytesRead } = await handle.read(buffer, filled, sizeBytes - filled, offsetBytes + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

export type PathKind = 'file' | 'folder' | 'other' | 'missing';

export async function pathKind(path: string): Promise<PathKind> {
  try {
    const stats = await stat(path);
    if (stats.isFile()) return 'file';
    return stats.isDirectory() ? 'folder' : 'other';
  } catch (error) {
    const code = ioCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
    throw unreadable(path, error);
  }
}

export async function isFile(path: string): Promise<boolean> {
  return (await pathKind(path)) === 'file';
}

/** The text of a small file that came with a model. */
export async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MAX_JSON_BYTES) {
      throw new ModelError(
        'MODEL_CONFIG_INVALID',
        `${path} has ${size} bytes; a configuration has at most ${MAX_JSON_BYTES}. Replace it with the model's own.`,
        { details: { path, sizeBytes: size, maxBytes: MAX_JSON_BYTES } },
      );
    }
    // Some editors put a byte order mark first.
    return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw unreadable(path, error);
  }
}

/** A JSON file whose whole is an object, as every configuration is. */
export async function readJsonObject(path: string): Promise<JsonObject> {
  const value = parseJson(await readText(path), path);
  if (isObject(value)) return value;
  throw new ModelError(
    'MODEL_CONFIG_INVALID',
    `${path} is JSON but not an object ({…}), as a configuration must be. Download ${basename(path)} again.`,
    { details: { path } },
  );
}

export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ModelError(
      'MODEL_CONFIG_INVALID',
      `${path} is not valid JSON (${reason}). Download ${basename(path)} again, or mend it.`,
      { details: { path }, cause: error },
    );
  }
}
