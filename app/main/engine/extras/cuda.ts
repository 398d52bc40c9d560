import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as v from 'valibot';
import { CancelledError, EngineError, RequestError } from '#contract/errors.ts';
import { cudaPackage, locate, type CudaPackage } from './cuda-package.ts';
import { download } from './download.ts';
import { extractEntry, readZipDirectory } from './zip.ts';

/**
 * CUDA's provider: 0.3 GB that most do not need, so it is downloaded when asked for. It lies in the data folder beside a
 * copy of the runtime, because the runtime looks for providers beside itself and the program's own folder may be read-only.
 */
export interface CudaExtra {
  /** The folder to be put before the others in LD_LIBRARY_PATH; undefined where the extra is not installed. */
  folder(): Promise<string | undefined>;
  install(options: InstallOptions): Promise<InstalledExtra>;
  remove(): Promise<boolean>;
  /** The files whose SHA-256 is no longer what was written down when they were unpacked. */
  damaged(): Promise<string[]>;
}

export interface InstallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: ExtraProgress) => void;
}

export interface ExtraProgress {
  readonly phase: 'download' | 'unpack';
  readonly doneBytes: number;
  readonly totalBytes: number;
}

const InstalledSchema = v.object({
  package: v.string(),
  version: v.string(),
  /** As the feed stated it, and as it was. */
  sha512Base64: v.string(),
  files: v.array(v.object({ name: v.string(), sizeBytes: v.number(), sha256: v.string() })),
});
export type InstalledExtra = v.InferOutput<typeof InstalledSchema>;

export interface CudaExtraOptions {
  /** The studio's data folder. */
  readonly dataFolder: string;
  /** NuGet's, or a mirror's, service index. */
  readonly index?: string | undefined;
  readonly platform?: string;
}

const recordName = 'installed.json';
const runtimeName = 'libonnxruntime.so.1';
/** Unpacked, the needed files take about 1.5 times the package, which lies beside them for a while. */
const spaceFactor = 3;

export function createCudaExtra(options: CudaExtraOptions): CudaExtra {
  const { platform = `${process.platform}/${process.arch}` } = options;
  const extras = join(options.dataFolder, 'extras');
  const known = cudaPackage();
  const source = options.index === undefined ? known : { ...known, index: options.index };
  const folder = cudaFolder(options.dataFolder);
  const present = async (): Promise<InstalledExtra | undefined> => {
    const record = await readRecord(join(folder, recordName));
    if (record === undefined) return undefined;
    const sizes = await Promise.all(record.files.map(({ name }) => sizeOf(join(folder, name))));
    return record.files.every(({ sizeBytes }, i) => sizes[i] === sizeBytes) ? record : undefined;
  };
  return {
    folder: async () => ((await present()) === undefined ? undefined : folder),
    async install(given) {
      if (platform !== 'linux/x64')
        throw new RequestError(
          'REQUEST_INVALID',
          `The CUDA extra is for linux/x64; this is ${platform}. WebGPU and what the system brings work without it.`,
        );
      const installed = await present();
      if (installed !== undefined) return installed;
      await removeUnfinished(extras);
      const partial = join(extras, `cuda-${source.version}.${process.pid}.partial`);
      try {
        await mkdir(partial, { recursive: true });
        const record = await fill(partial, source, given);
        await rm(folder, { recursive: true, force: true });
        await rename(partial, folder);
        return record;
      } catch (error) {
        await rm(partial, { recursive: true, force: true });
        throw given.signal?.aborted === true ? new CancelledError() : asExtraError(error, extras);
      }
    },
    async remove() {
      const wasThere = (await sizeOf(folder)) !== undefined;
      await rm(folder, { recursive: true, force: true });
      return wasThere;
    },
    async damaged() {
      const record = await readRecord(join(folder, recordName));
      const names: string[] = [];
      for (const { name, sha256 } of record?.files ?? [])
        if ((await sha256Of(join(folder, name))) !== sha256) names.push(name);
      return names;
    },
  };
}

async function fill(
  folder: string,
  source: CudaPackage,
  { signal, onProgress = () => undefined }: InstallOptions,
): Promise<InstalledExtra> {
  const { url, stated } = await locate(source, signal);
  await assertSpace(folder, stated.sizeBytes * spaceFactor);
  const archive = join(folder, 'package.nupkg');
  await download(url, archive, stated, {
    signal,
    onProgress: (doneBytes, totalBytes) => {
      onProgress({ phase: 'download', doneBytes, totalBytes });
    },
  });
  const entries = await readZipDirectory(archive);
  const wanted = [...source.files].map(([name, path]) => {
    const entry = entries.find((each) => each.name === path);
    if (entry === undefined)
      throw new EngineError('EXTRA_FAILED', `The package ${source.name} ${source.version} holds no ${path}.`);
    return { name, entry };
  });
  const totalBytes = wanted.reduce((sum, { entry }) => sum + entry.sizeBytes, 0);
  const files: InstalledExtra['files'] = [];
  let doneBytes = 0;
  for (const { name, entry } of wanted) {
    onProgress({ phase: 'unpack', doneBytes, totalBytes });
    const sha256 = await extractEntry(archive, entry, join(folder, name), signal);
    files.push({ name, sizeBytes: entry.sizeBytes, sha256 });
    doneBytes += entry.sizeBytes;
  }
  onProgress({ phase: 'unpack', doneBytes, totalBytes });
  await rm(archive);
  await copyFile(runtimePath(), join(folder, runtimeName));
  const record: InstalledExtra = {
    ...{ package: source.name, version: source.version },
    ...{ sha512Base64: stated.sha512Base64, files },
  };
  await writeFile(join(folder, recordName), `${JSON.stringify(record, null, 2)}\n`);
  return record;
}

function runtimePath(): string {
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  return join(root, 'bin', 'napi-v6', 'linux', 'x64', runtimeName);
}

async function assertSpace(folder: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free < neededBytes)
    throw new EngineError(
      'EXTRA_FAILED',
      `The CUDA extra needs ${gigabytes(neededBytes)} while it is unpacked; ${gigabytes(free)} are free in ${folder}. Make room and try again.`,
    );
}

/** What the engine's process needs to find the extra; nothing where it is not installed. */
export function cudaEnvironment(
  dataFolder: string,
  { LD_LIBRARY_PATH = '', CUDA_DEVICE_ORDER = 'PCI_BUS_ID' }: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const folder = cudaFolder(dataFolder);
  if (!existsSync(join(folder, recordName))) return {};
  const paths = [folder, ...LD_LIBRARY_PATH.split(':')].filter((path) => path !== '');
  // nvidia-smi counts in this order; CUDA's own default is the fastest first.
  return { LD_LIBRARY_PATH: paths.join(':'), CUDA_DEVICE_ORDER };
}

function cudaFolder(dataFolder: string): string {
  return join(dataFolder, 'extras', `cuda-${cudaPackage().version}`);
}

/** What a killed process has left. */
async function removeUnfinished(extras: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(extras);
  } catch {
    // The first extra of this data folder.
    return;
  }
  for (const name of names.filter((each) => each.endsWith('.partial')))
    await rm(join(extras, name), { recursive: true, force: true });
}

function asExtraError(error: unknown, folder: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || error instanceof EngineError) return error;
  return new EngineError(
    'EXTRA_FAILED',
    `${folder} could not be written: ${error.message}. Nothing was kept.`,
    {
      cause: error,
    },
  );
}

async function readRecord(path: string): Promise<InstalledExtra | undefined> {
  try {
    const parsed = v.safeParse(InstalledSchema, JSON.parse(await readFile(path, 'utf8')));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch {
    return undefined;
  }
}

async function sha256Of(path: string): Promise<string | undefined> {
  const sum = createHash('sha256');
  try {
    await pipeline(createReadStream(path), sum);
  } catch {
    return undefined;
  }
  return sum.digest('hex');
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
