import { createHash } from 'node:crypto';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StudioError, toWire } from '#contract/errors.ts';
import type { ModelDefaults, ModelKind } from '#contract/model.ts';
import type { Failure } from '#contract/studio/base.ts';
import { modelWeights, type ModelWeights } from '#engine/memory/weights.ts';
import { vaeDownscale, type UnetConfig, type VaeConfig } from '#kernels/nets/configs.ts';
import { inspectCheckpoint, type CheckpointSummary } from '#library/inspect.ts';

/** What inspecting a checkpoint told; kept as JSON so that a start does not open every file again. */
export interface ModelFacts {
  readonly failure: Failure | null;
  readonly checkpoint: CheckpointFacts | null;
}

export interface CheckpointFacts {
  readonly layout: 'single-file' | 'diffusers-folder';
  readonly kind: ModelKind;
  readonly hash: string;
  readonly sizeBytes: number;
  readonly parameterCount: number;
  readonly precision: string;
  readonly defaults: ModelDefaults;
  readonly vocabulary: readonly string[] | null;
  readonly unet: UnetConfig;
  readonly vae: VaeConfig;
  readonly weights: ModelWeights;
  /** Pixels a latent, along each side. */
  readonly downscale: number;
}

/** Facts are kept for a file in this state. A new form of the facts gets a new number. */
const form = 5;

/** Path, size and time of the file, or of every file of a diffusers folder; undefined where there is none. */
export async function factsKeyOf(path: string): Promise<string | undefined> {
  const own = await stat(path).catch(() => undefined);
  if (own === undefined) return undefined;
  if (!own.isDirectory()) return `${form}:${own.mtimeMs}:${own.size}`;
  const hash = createHash('sha256');
  for (const name of (await readdir(path, { recursive: true })).sort()) {
    const each = await stat(join(path, name)).catch(() => undefined);
    hash.update(`${name}:${each?.mtimeMs ?? 0}:${each?.size ?? 0}\n`);
  }
  return `${form}:${hash.digest('hex').slice(0, hashChars)}`;
}

/** One file that cannot be understood is an entry with its reason; the others stay on the list. */
export async function inspectFacts(path: string): Promise<ModelFacts> {
  try {
    return { failure: null, checkpoint: await checkpointFacts(await inspectCheckpoint(path)) };
  } catch (error) {
    const { code, message } = toWire(error);
    const isSystems = !(error instanceof StudioError) && error instanceof Error && 'syscall' in error;
    const failure = isSystems
      ? {
          code: 'MODEL_UNREADABLE' as const,
          message: `${path} cannot be read: ${message}. Look at its permissions, links and the disk.`,
        }
      : { code, message };
    return { failure, checkpoint: null };
  }
}

async function checkpointFacts(summary: CheckpointSummary): Promise<CheckpointFacts> {
  const { unet, textEncoder, vae } = summary.parts;
  const files = [...new Set([unet, textEncoder, vae].flatMap((part) => part.files.map((file) => join(part.folder, file))))];
  return {
    layout: summary.layout === 'diffusers' ? 'diffusers-folder' : 'single-file',
    kind: summary.kind,
    hash: await hashOf(files.sort()),
    sizeBytes: summary.sizeBytes,
    parameterCount: summary.parameterCount,
    precision: precisionOf([unet, textEncoder, vae].map((part) => part.dtypes)),
    defaults: summary.defaults,
    vocabulary: summary.vocabulary ?? null,
    unet: unet.config,
    vae: vae.config,
    weights: modelWeights({ unet: unet.config, vae: vae.config, text: textEncoder.config }),
    downscale: vaeDownscale(vae.config),
  };
}

/** Dtypes of the tensors, the commonest first; a handful of odd ones is not worth a word. */
function precisionOf(parts: readonly Readonly<Record<string, number>>[]): string {
  const counts = new Map<string, number>();
  for (const part of parts)
    for (const [dtype, count] of Object.entries(part)) counts.set(dtype, (counts.get(dtype) ?? 0) + count);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const said = [...counts].filter(([, count]) => count > total / 100).sort((a, b) => b[1] - a[1]);
  return said.map(([dtype]) => dtype).join(' and ');
}

const edgeBytes = 1 << 20;
const sampleBytes = 1 << 16;
const samples = 64;
const hashChars = 16;

/**
 * Tells checkpoints apart in milliseconds, where hashing all of them would take seconds: their sizes, their first and last
 * megabyte (header, and the last weights), and samples at equal distances, since a fine-tune may change some nets alone.
 */
async function hashOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of files) {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      hash.update(`${size}\n`);
      const take = async (position: number, bytes: number): Promise<void> => {
        const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(bytes), position });
        hash.update(buffer.subarray(0, bytesRead));
      };
      await take(0, edgeBytes);
      for (let i = 1; i <= samples; i++) await take(Math.floor((size / (samples + 1)) * i), sampleBytes);
      await take(Math.max(0, size - edgeBytes), edgeBytes);
    } finally {
      await file.close();
    }
  }
  return hash.digest('hex').slice(0, hashChars);
}
