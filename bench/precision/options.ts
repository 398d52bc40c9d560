import { given, multipleOf, readArguments, wholeNumber } from '../command-options.ts';

export interface PassOptions {
  /** Undefined: SD 1.5's size with random weights. */
  readonly model: string | undefined;
  /** Latents along each side. */
  readonly latents: number;
  readonly rounds: number;
}

export const usage = `One U-Net pass in float32 and in 8 bits, in turn, with the processor time of each, which other programs disturb less.

  node bench/precision/pass.ts [options]

  --model PATH   a checkpoint (SD 1.5's size, random weights)
  --latents N    along each side, multiples of 8 from 8 to 256 (64)
  --rounds N     timed rounds, 1 to 100, after one that warms up (7)
`;

const known = {
  model: { type: 'string' },
  latents: { type: 'string' },
  rounds: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Reads the command line; undefined when help was asked for. Throws REQUEST_INVALID. */
export function readPassOptions(args: readonly string[]): PassOptions | undefined {
  const values = readArguments(args, known, usage);
  if (values.help === true) return undefined;
  return {
    model: values.model,
    latents: given(values.latents, '--latents', multipleOf(8, 8, 256)) ?? 64,
    rounds: given(values.rounds, '--rounds', wholeNumber(1, 100)) ?? 7,
  };
}
