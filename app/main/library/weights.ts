import { ModelError } from '#contract/errors.ts';
import type { WeightDtype, WeightRange, WeightSource } from '#kernels/onnx/weights.ts';
import type { Rename } from './names/pieces.ts';
import type { TensorEntry } from './safetensors-header.ts';

type Shape = readonly number[];

/** A tensor of a file under its diffusers name. */
export interface FoundTensor extends TensorEntry {
  /** The name that it has in the file. */
  readonly original: string;
  /** File name inside the part's folder. */
  readonly file: string;
}

export interface Renamed {
  readonly found: ReadonlyMap<string, FoundTensor>;
  /** Names in the file that no rule knows. */
  readonly unknown: readonly string[];
}

/** Puts the tensors of one part under diffusers' names. `prefix` stands before each name in the file. */
export function renameTensors(
  file: string,
  tensors: Iterable<readonly [string, TensorEntry]>,
  prefix: string,
  rename: Rename,
): Renamed {
  const found = new Map<string, FoundTensor>();
  const unknown: string[] = [];
  for (const [original, entry] of tensors) {
    if (!original.startsWith(prefix)) continue;
    const pieces = rename(original.slice(prefix.length));
    // Two names for one tensor: the first stays, and the other is reported as not used.
    if (pieces.length === 0 || pieces.some(({ name }) => found.has(name))) unknown.push(original);
    else for (const { name, third } of pieces) found.set(name, { ...piece(entry, third), original, file });
  }
  return { found, unknown };
}

/** Query, key and value of OpenCLIP lie in one tensor, one after the other. */
const FUSED = 3;

function piece(entry: TensorEntry, third: number | undefined): TensorEntry {
  const rows = (entry.shape[0] ?? 0) / FUSED;
  if (third === undefined || !Number.isInteger(rows)) return entry;
  const sizeBytes = entry.sizeBytes / FUSED;
  return {
    dtype: entry.dtype,
    shape: [rows, ...entry.shape.slice(1)],
    offsetBytes: entry.offsetBytes + third * sizeBytes,
    sizeBytes,
  };
}

export interface BoundTensors {
  readonly weights: WeightSource;
  /** Diffusers name and name in the file of what the net does not need. */
  readonly extras: readonly { readonly name: string; readonly original: string }[];
}

/**
 * Matches the tensors that a net needs with those found. A 1×1 convolution and a linear layer have the same bytes,
 * so trailing ones in a shape do not matter. Throws MODEL_TENSORS_MISMATCH listing what is missing or does not fit.
 */
export function bindTensors(
  net: { readonly label: string; readonly path: string },
  expected: ReadonlyMap<string, Shape>,
  found: ReadonlyMap<string, FoundTensor>,
): BoundTensors {
  const ranges = new Map<string, WeightRange>();
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const [name, shape] of expected) {
    const tensor = found.get(name);
    if (tensor === undefined) {
      missing.push(`${name} is missing (expected ${show(shape)})`);
    } else if (!sameLayout(tensor.shape, shape)) {
      wrong.push(`${nameOf(name, tensor)} is ${show(tensor.shape)} (expected ${show(shape)})`);
    } else if (!isWeightDtype(tensor.dtype)) {
      wrong.push(`${nameOf(name, tensor)} is ${tensor.dtype} (expected F32, F16 or BF16)`);
    } else {
      const { file, offsetBytes, sizeBytes, dtype } = tensor;
      ranges.set(name, { file, offsetBytes, sizeBytes, dtype, shape });
    }
  }
  if (missing.length + wrong.length > 0) throw mismatch(net, expected.size, missing, wrong);
  const extras = [...found]
    .filter(([name]) => !expected.has(name))
    .map(([name, tensor]) => ({ name, original: tensor.original }));
  return { weights: { get: (name) => ranges.get(name), names: () => ranges.keys() }, extras };
}

const LISTED = 12;

function mismatch(
  net: { readonly label: string; readonly path: string },
  expectedCount: number,
  missing: readonly string[],
  wrong: readonly string[],
): ModelError {
  const all = [...wrong, ...missing];
  const rest = all.length > LISTED ? `; and ${all.length - LISTED} more` : '';
  return new ModelError(
    'MODEL_TENSORS_MISMATCH',
    `The ${net.label} in ${net.path} does not fit its configuration: ${missing.length} of ${expectedCount} tensors are missing, ${wrong.length} have another shape or dtype. ` +
      `${all.slice(0, LISTED).join('; ')}${rest}. Check that the file is whole and that the configuration belongs to it.`,
    { details: { path: net.path, net: net.label, missing, wrong } },
  );
}

function nameOf(name: string, tensor: FoundTensor): string {
  return tensor.original === name ? name : `${name} (${tensor.original} in the file)`;
}

function show(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

function isWeightDtype(dtype: string): dtype is WeightDtype {
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
}

function sameLayout(a: Shape, b: Shape): boolean {
  const left = withoutKernel(a);
  const right = withoutKernel(b);
  return left.length === right.length && left.every((dim, i) => dim === right[i]);
}

/** [out, in, 1, 1] → [out, in]. */
function withoutKernel(shape: Shape): Shape {
  return shape.length === 4 && shape[2] === 1 && shape[3] === 1 ? shape.slice(0, 2) : shape;
}
