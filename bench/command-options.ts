import { parseArgs, type ParseArgsConfig } from 'node:util';
import { RequestError } from '#contract/errors.ts';

/** Reading a command line: what every benchmark's options share. All throw REQUEST_INVALID. */

type Options = NonNullable<ParseArgsConfig['options']>;

/** Options alone; anything else is refused, with the usage. */
export function readArguments<const T extends Options>(args: readonly string[], options: T, usage: string) {
  try {
    return parseArgs({ args: [...args], allowPositionals: false, options }).values;
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new RequestError('REQUEST_INVALID', `${words}\n\n${usage}`, { cause });
  }
}

function refuse(option: string, found: string, allowed: string): never {
  throw new RequestError('REQUEST_INVALID', `${option} has ${JSON.stringify(found)}; allowed: ${allowed}.`);
}

/** An option's text, read; undefined where it is not given. */
export function given<T>(
  text: string | undefined,
  option: string,
  read: (text: string, option: string) => T,
): T | undefined {
  return text === undefined ? undefined : read(text, option);
}

/** Reads one of these names. */
export function nameAmong<const T extends string>(names: readonly T[]) {
  return (text: string, option: string): T =>
    names.find((name) => name === text) ?? refuse(option, text, names.join(', '));
}

/** Reads a whole number. */
export function wholeNumber(min: number, max = Infinity) {
  const allowed = max === Infinity ? `whole numbers from ${min}` : `whole numbers ${min} to ${max}`;
  return (text: string, option: string): number => {
    const n = Number(text);
    return text !== '' && Number.isInteger(n) && n >= min && n <= max ? n : refuse(option, text, allowed);
  };
}

/** Reads a size: whole steps of it. */
export function multipleOf(step: number, min: number, max: number) {
  return (text: string, option: string): number => {
    const n = Number(text);
    return text !== '' && n >= min && n <= max && n % step === 0
      ? n
      : refuse(option, text, `multiples of ${step} from ${min} to ${max}`);
  };
}

/** Reads a number. */
export function numberWithin(min: number, max: number) {
  return (text: string, option: string): number => {
    const n = Number(text);
    return text !== '' && n >= min && n <= max ? n : refuse(option, text, `numbers from ${min} to ${max}`);
  };
}

/** Reads what is listed with commas; each once. */
export function listOf<T>(item: (text: string, option: string) => T) {
  return (text: string, option: string): T[] => [
    ...new Set(text.split(',').map((part) => item(part.trim(), option))),
  ];
}
