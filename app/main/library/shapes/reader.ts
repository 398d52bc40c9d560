import { ModelError } from '#contract/errors.ts';
import { countIndices } from '../names/pieces.ts';

/** The shapes of one net under diffusers' names, from which a single file's configuration is read. */
export class ShapeReader {
  readonly #path: string;
  readonly #label: string;
  readonly #tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>;

  constructor(
    path: string,
    label: string,
    tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  ) {
    this.#path = path;
    this.#label = label;
    this.#tensors = tensors;
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  count(pattern: RegExp): number {
    return countIndices(this.#tensors.keys(), pattern);
  }

  find(pattern: RegExp): string | undefined {
    return [...this.#tensors.keys()].find((name) => pattern.test(name));
  }

  rank(name: string): number {
    return this.#shape(name).length;
  }

  dim(name: string, axis: number): number {
    const shape = this.#shape(name);
    const dim = shape[axis];
    if (dim !== undefined && dim > 0) return dim;
    throw this.incomplete(`${name} is [${shape.join(', ')}] (expected a number above 0 at position ${axis})`);
  }

  /** A configuration that shapes cannot tell, and whose usual rule does not fit. */
  unknowable(what: string): ModelError {
    return new ModelError(
      'MODEL_CONFIG_INVALID',
      `The ${this.#label} in ${this.#path}: ${what}. Shapes alone do not tell it: give a configuration folder in diffusers layout (the option configFolder, or a folder of the same name beside the file).`,
      { details: { path: this.#path, net: this.#label } },
    );
  }

  #shape(name: string): readonly number[] {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw this.incomplete(`${name} is missing`);
    return tensor.shape;
  }

  /** A net that lacks what every one has. */
  incomplete(problem: string): ModelError {
    return new ModelError(
      'MODEL_TENSORS_MISMATCH',
      `The ${this.#label} in ${this.#path} is not whole: ${problem}, so its size cannot be told. Download the file again, or get another version of the model.`,
      { details: { path: this.#path, net: this.#label, problem } },
    );
  }
}
