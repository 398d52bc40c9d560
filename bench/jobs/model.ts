import type { WeightSource } from '#kernels/onnx/weights.ts';
import type { StudyKey } from '../results.ts';

/** SD 1.5's pixels a latent: sizes are named by it for every model, so that models are compared at equal latents. */
export const PX_PER_LATENT = 8;
export const GUIDANCE = 7.5;
export const PROMPT = 'a red sun over blue mountains';

export interface MeasuredModel {
  readonly id: NonNullable<StudyKey['model']>;
  readonly label: string;
  readonly path: string;
  /** Configurations for the peers, where the checkpoint is one file. */
  readonly configFolder?: string;
}

/** A model that is written when it is first needed. */
export interface ModelSource {
  readonly id: MeasuredModel['id'];
  readonly label: string;
  open(): Promise<MeasuredModel>;
}

/** What a net's weights take in memory, whatever they are stored in. */
export function float32Bytes(weights: WeightSource): number {
  let values = 0;
  for (const name of weights.names())
    values += (weights.get(name)?.shape ?? []).reduce((product, dim) => product * dim, 1);
  return values * Float32Array.BYTES_PER_ELEMENT;
}
