/** Where the bytes of a model's tensors lie. Kernels never read them: an initializer only points at a range of a file. */

export type WeightDtype = 'F32' | 'F16' | 'BF16';

export interface WeightRange {
  /** File name inside the source's folder, without any path. */
  readonly file: string;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly dtype: WeightDtype;
  readonly shape: readonly number[];
}

/** The tensors of one net, under diffusers' names. */
export interface WeightSource {
  get(name: string): WeightRange | undefined;
  names(): Iterable<string>;
}
