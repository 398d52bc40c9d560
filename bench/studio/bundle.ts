import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

/** Compressed as a server would send them, each file by itself. Fonts are left out: they are compressed already and come by need. */
export interface BundleSize {
  readonly files: number;
  readonly gzipBytes: number;
  readonly brotliBytes: number;
}

export interface BundleSizes {
  /** What index.html names: read before anything is on the screen. */
  readonly firstLoad: BundleSize;
  /** Every script and style sheet, screens that are opened later among them. */
  readonly everything: BundleSize;
}

export function bundleSizes(rendererFolder: string): BundleSizes {
  const html = readFileSync(join(rendererFolder, 'index.html'), 'utf8');
  const assets = readdirSync(join(rendererFolder, 'assets'))
    .filter((name) => /\.(js|css)$/.test(name))
    .map((name) => ({ name, bytes: readFileSync(join(rendererFolder, 'assets', name)) }));
  return {
    firstLoad: sizeOf(assets.filter(({ name }) => html.includes(name))),
    everything: sizeOf(assets),
  };
}

function sizeOf(assets: readonly { readonly bytes: Buffer }[]): BundleSize {
  const sum = (compress: (bytes: Buffer) => Buffer) =>
    assets.reduce((total, { bytes }) => total + compress(bytes).length, 0);
  return {
    files: assets.length,
    gzipBytes: sum((bytes) => gzipSync(bytes, { level: 9 })),
    brotliBytes: sum((bytes) => brotliCompressSync(bytes)),
  };
}
