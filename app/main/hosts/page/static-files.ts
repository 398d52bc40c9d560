import { readFile } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';

/** The built renderer, as any host serves it. */
export interface StaticFile {
  readonly type: string;
  readonly bytes: Uint8Array;
  /** Its name holds a hash of its content. */
  readonly immutable: boolean;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};

/** Undefined where there is no such file of the renderer. */
export async function readStatic(folder: string, path: string): Promise<StaticFile | undefined> {
  const relative = normalize(path === '/' ? 'index.html' : path.replace(/^\/+/, ''));
  const type = types[extname(relative)];
  if (type === undefined || relative.startsWith('..') || relative.includes(`..${sep}`)) return undefined;
  try {
    return { type, bytes: await readFile(join(folder, relative)), immutable: relative.startsWith('assets') };
  } catch {
    // No such file: the caller answers 404.
    return undefined;
  }
}
