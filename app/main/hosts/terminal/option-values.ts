import { RequestError } from '#contract/errors.ts';

/** What an option's text means; messages quote the text as it was given. */

const numberPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

export function number(option: string, text: string): number {
  if (numberPattern.test(text.trim())) return Number(text);
  throw new RequestError('REQUEST_INVALID', `${option} is "${text}"; allowed: a number such as 1 or 0.5.`);
}

export function optionalNumber(option: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : number(option, text);
}

export function numberOr(option: string, text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : number(option, text);
}

/** Two whole numbers with an x between: their limits are the request's matter. */
export function pair(option: string, text: string, example: string): [number, number] {
  const match = /^\s*(-?\d+)\s*[x×]\s*(-?\d+)\s*$/i.exec(text);
  if (match === null) {
    throw new RequestError(
      'REQUEST_INVALID',
      `${option} is "${text}"; allowed: two whole numbers with an x between, such as ${example}.`,
    );
  }
  return [Number(match[1]), Number(match[2])];
}

export function list(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
