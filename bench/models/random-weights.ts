import { toFloat16 } from './float16.ts';
import { normalValues } from './normal.ts';
import { elementCount, type Chunks, type TensorSpec } from './safetensors-writer.ts';

/** A prime, so that the rows of no weight repeat: drawing 10⁹ numbers one by one would take minutes. */
const POOL_SIZE = 1_048_573;
const ONE = toFloat16(1);
/** CLIP's own scale of its embeddings (transformers, modeling_clip.py, _init_weights). */
const EMBEDDING_STD = 0.02;

/**
 * Random half-precision weights that neither let activations die nor overflow: weights normal with a variance of
 * one over the fan-in, norms 1, biases 0. Numbers come from one pool, which each tensor reads on from where the last stopped.
 */
export function createRandomWeights(seed: number): Chunks {
  const pool = normalValues(seed, POOL_SIZE);
  const scaled = new Map<number, Uint16Array>();
  let position = 0;
  return function* (tensor) {
    const count = elementCount(tensor.shape);
    const std = standardDeviation(tensor);
    if (std === undefined) {
      yield bytes(new Uint16Array(count).fill(tensor.name.endsWith('.bias') ? 0 : ONE));
      return;
    }
    const values = scaled.get(std) ?? Uint16Array.from(pool, (value) => toFloat16(value * std));
    scaled.set(std, values);
    for (let left = count; left > 0; ) {
      const chunk = values.subarray(position, position + left);
      yield bytes(chunk);
      left -= chunk.length;
      position = (position + chunk.length) % POOL_SIZE;
    }
  };
}

/** Undefined for the tensors with one dimension: norms and biases, which are constant. */
function standardDeviation({ name, shape }: TensorSpec): number | undefined {
  if (shape.length < 2) return undefined;
  return /embedding\.weight$/.test(name) ? EMBEDDING_STD : 1 / Math.sqrt(elementCount(shape.slice(1)));
}

function bytes(values: Uint16Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
