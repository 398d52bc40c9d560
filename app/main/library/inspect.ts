import { resolve } from 'node:path';
import type { ModelDefaults, ModelKind, NoiseSchedule } from '#contract/model.ts';
import type { ClipTextConfig, UnetConfig, VaeConfig } from '#kernels/nets/configs.ts';
import type { WeightRange } from '#kernels/onnx/weights.ts';
import { openCheckpoint, type Checkpoint, type NetPart, type OpenOptions } from './checkpoint.ts';

export interface PartSummary<C> {
  readonly folder: string;
  readonly files: readonly string[];
  readonly tensorCount: number;
  readonly parameterCount: number;
  /** Bytes of the tensors that the net uses. */
  readonly sizeBytes: number;
  /** Dtype → how many tensors have it. */
  readonly dtypes: Readonly<Record<string, number>>;
  readonly config: C;
}

/** A checkpoint as JSON: for `tessera inspect` and for people who ask why it was taken for what it was. */
export interface CheckpointSummary {
  readonly path: string;
  readonly layout: Checkpoint['layout'];
  readonly kind: ModelKind;
  readonly kindSource: Checkpoint['kindSource'];
  readonly kindReason: string;
  readonly sizeBytes: number;
  readonly parameterCount: number;
  readonly parts: {
    readonly unet: PartSummary<UnetConfig>;
    readonly textEncoder: PartSummary<ClipTextConfig>;
    readonly vae: PartSummary<VaeConfig>;
  };
  readonly schedule: NoiseSchedule;
  readonly tokenizer: Checkpoint['tokenizer'];
  readonly defaults: ModelDefaults;
  readonly ignoredTensors: readonly string[];
  readonly knownExtraCount: number;
  readonly vocabulary?: readonly string[];
}

export async function inspectCheckpoint(path: string, options: OpenOptions = {}): Promise<CheckpointSummary> {
  return summarize(await openCheckpoint(resolve(path), options));
}

export function summarize(checkpoint: Checkpoint): CheckpointSummary {
  const { unet, textEncoder, vae, ...rest } = checkpoint;
  const parts = {
    unet: summarizePart(unet),
    textEncoder: summarizePart(textEncoder),
    vae: summarizePart(vae),
  };
  const parameterCount = Object.values(parts).reduce((sum, part) => sum + part.parameterCount, 0);
  return { ...rest, parameterCount, parts };
}

function summarizePart<C>({ config, folder, weights }: NetPart<C>): PartSummary<C> {
  const ranges: WeightRange[] = [];
  for (const name of weights.names()) {
    const range = weights.get(name);
    if (range !== undefined) ranges.push(range);
  }
  const dtypes: Record<string, number> = {};
  for (const { dtype } of ranges) dtypes[dtype] = (dtypes[dtype] ?? 0) + 1;
  return {
    folder,
    files: [...new Set(ranges.map(({ file }) => file))],
    tensorCount: ranges.length,
    parameterCount: ranges.reduce(
      (sum, { shape }) => sum + shape.reduce((product, dim) => product * dim, 1),
      0,
    ),
    sizeBytes: ranges.reduce((sum, range) => sum + range.sizeBytes, 0),
    dtypes,
    config,
  };
}
