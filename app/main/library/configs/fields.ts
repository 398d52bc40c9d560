import { ModelError } from '#contract/errors.ts';
import { isObject, showValue, type JsonObject } from '../files.ts';

interface Range {
  readonly min: number;
  readonly max: number;
}

/**
 * Reads a configuration key by key and remembers what is wrong, so that one message can name every problem.
 * A reader given `fallback` uses it for an absent key: it is the default that diffusers or transformers document.
 */
export class Fields {
  readonly problems: string[] = [];
  readonly path: string;
  readonly #values: JsonObject;

  constructor(path: string, values: JsonObject) {
    this.path = path;
    this.#values = values;
  }

  /** The raw value; absent and null are the same, as in diffusers. */
  value(key: string): unknown {
    const value = Object.hasOwn(this.#values, key) ? this.#values[key] : undefined;
    return value === null ? undefined : value;
  }

  integer(key: string, range: Range, fallback?: number): number {
    return this.#number(key, range, fallback, true);
  }

  number(key: string, range: Range, fallback?: number): number {
    return this.#number(key, range, fallback, false);
  }

  boolean(key: string, fallback: boolean): boolean {
    const value = this.value(key) ?? fallback;
    if (typeof value === 'boolean') return value;
    this.#wrong(key, value, 'true or false');
    return fallback;
  }

  oneOf<const T extends string>(key: string, options: readonly T[], fallback?: T): T | undefined {
    const value = this.value(key) ?? fallback;
    const found = options.find((option) => option === value);
    if (found === undefined) this.#wrong(key, value, options.map((option) => `"${option}"`).join(' or '));
    return found;
  }

  /** A list of one to eight numbers, one for each level. */
  integers(key: string, range: Range): number[] {
    return this.#list(
      key,
      (item): item is number => isWhole(item, range),
      `whole numbers from ${span(range)}`,
    );
  }

  /** A list of one to eight names, one for each level. */
  names<const T extends string>(key: string, options: readonly T[]): T[] {
    const isOption = (item: unknown): item is T => options.some((option) => option === item);
    return this.#list(key, isOption, options.map((option) => `"${option}"`).join(' or '));
  }

  /** A number for all levels, or a list with one for each. */
  perLevel(key: string, levelCount: number, range: Range, fallback?: number): number[] {
    const value = this.value(key) ?? fallback;
    const list: unknown[] = Array.isArray(value) ? value : Array.from({ length: levelCount }, () => value);
    if (list.length === levelCount && list.every((item): item is number => isWhole(item, range))) return list;
    this.#wrong(key, value, `a whole number from ${span(range)}, or a list of ${levelCount} of them`);
    return [];
  }

  /** Notes a problem unless the key is absent or has one of the values that Tessera's nets are built for. */
  supports(key: string, ...allowed: readonly (string | number | boolean)[]): void {
    const value = this.value(key);
    const items: unknown[] = Array.isArray(value) ? value : [value];
    const fits = items.every((item) => item === undefined || allowed.some((option) => option === item));
    if (!fits)
      this.#wrong(key, value, ['absent', ...allowed.map((option) => JSON.stringify(option))].join(' or '));
  }

  note(problem: string): void {
    this.problems.push(problem);
  }

  /** Throws MODEL_CONFIG_INVALID with every problem noted so far. */
  finish(): void {
    if (this.problems.length === 0) return;
    throw new ModelError(
      'MODEL_CONFIG_INVALID',
      `${this.path}: ${this.problems.join('; ')}. Use a Stable Diffusion 1.x or 2.x model, or mend this file.`,
      { details: { path: this.path, problems: this.problems } },
    );
  }

  #number(key: string, range: Range, fallback: number | undefined, whole: boolean): number {
    const value = this.value(key) ?? fallback;
    const fits = whole ? isWhole(value, range) : isBetween(value, range);
    if (fits && typeof value === 'number') return value;
    this.#wrong(key, value, `a ${whole ? 'whole ' : ''}number from ${span(range)}`);
    return range.min;
  }

  #list<T>(key: string, isItem: (item: unknown) => item is T, allowed: string): T[] {
    const value = this.value(key);
    if (Array.isArray(value) && value.length >= 1 && value.length <= MAX_LEVELS && value.every(isItem))
      return value;
    this.#wrong(key, value, `a list of 1 to ${MAX_LEVELS}: ${allowed}`);
    return [];
  }

  #wrong(key: string, value: unknown, allowed: string): void {
    const found = value === undefined ? 'is absent' : `is ${showValue(value)}`;
    this.problems.push(`"${key}" ${found}; allowed: ${allowed}`);
  }
}

/** More resolution levels than any net has; a bound for what a hostile file may ask for. */
const MAX_LEVELS = 8;

function span({ min, max }: Range): string {
  return `${min} to ${max}`;
}

function isBetween(value: unknown, { min, max }: Range): boolean {
  return typeof value === 'number' && value >= min && value <= max;
}

function isWhole(value: unknown, range: Range): value is number {
  return Number.isInteger(value) && isBetween(value, range);
}

/** A configuration inside another (LDM's or a JSON beside a checkpoint); {} when absent. */
export function section(values: JsonObject, key: string): JsonObject {
  const value = Object.hasOwn(values, key) ? values[key] : undefined;
  return isObject(value) ? value : {};
}

/** Bounds for what a configuration may ask for; real nets stay far below. */
export const limits = {
  channels: { min: 1, max: 16_384 },
  imageChannels: { min: 1, max: 64 },
  heads: { min: 1, max: 512 },
  layers: { min: 1, max: 128 },
  vocabulary: { min: 2, max: 1_000_000 },
  positions: { min: 2, max: 8192 },
  epsilon: { min: 1e-12, max: 0.1 },
} as const;
