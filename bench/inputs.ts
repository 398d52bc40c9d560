import { ModelError } from '#contract/errors.ts';
import { readSafetensorsHeader, readTensor } from '#library/safetensors.ts';

export interface Floats {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Named float32 tensors of a file: what both sides are fed, and what each gave. */
export async function readFloats<const N extends string>(
  path: string,
  names: readonly N[],
): Promise<Record<N, Floats>> {
  const file = await readSafetensorsHeader(path);
  const entries = await Promise.all(
    names.map(async (name) => {
      const { data, shape } = await readTensor(file, name);
      if (!(data instanceof Float32Array))
        throw new ModelError(
          'MODEL_HEADER_INVALID',
          `${path}: ${name} is not float32, as inputs and outputs of the benchmark are.`,
        );
      return [name, { data, shape }] as const;
    }),
  );
  return Object.fromEntries(entries) as Record<N, Floats>;
}
