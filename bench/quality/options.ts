import { RequestError } from '#contract/errors.ts';
import { schedulerNames, sizeLimitsPx, type SchedulerName } from '#contract/request.ts';
import {
  given,
  nameAmong,
  multipleOf,
  numberWithin,
  readArguments,
  wholeNumber,
} from '../command-options.ts';
import { parseVariant, readVariants, type Variant } from './variants.ts';

export interface QualityOptions {
  readonly variants: readonly Variant[];
  readonly promptCount: number;
  readonly model: string | undefined;
  /** Undefined: as the model says. */
  readonly sizePx: number | undefined;
  readonly steps: number | undefined;
  readonly guidance: number | undefined;
  readonly scheduler: SchedulerName | undefined;
  readonly saveTo: string | undefined;
  readonly json: boolean;
}

export const usage = `Draws held-out prompts of the embedded model with and without what saves work, in one process and in turn,
and prints how close each variant's pictures are to the unmerged ones and how much of the U-Net's time is left.

  node bench/quality/quality.ts [options]

  --variant JSON   merging fields that differ from the defaults; may be given often:
                   --variant '{"ratio":0.5}' --variant '{"ratio":0.5,"side":"queries"}'
                   also "name", "stepCache": {"interval":3,"branch":0}, and "precision": "int8"
  --variants FILE  a JSON list of them
  --prompts N      of models/demo/heldout-prompts.json, each with its seed (16)
  --size PX        width and height (the model's)
  --steps N, --guidance G, --scheduler NAME   (the model's)
  --model PATH     another checkpoint
  --save FOLDER    keeps the pictures, as models/training/judge.py reads them
  --json           every picture's figures as JSON on stdout
`;

const known = {
  variant: { type: 'string', multiple: true },
  variants: { type: 'string' },
  prompts: { type: 'string' },
  size: { type: 'string' },
  steps: { type: 'string' },
  guidance: { type: 'string' },
  scheduler: { type: 'string' },
  model: { type: 'string' },
  save: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Reads the command line; undefined when help was asked for. Throws REQUEST_INVALID. */
export async function readQualityOptions(args: readonly string[]): Promise<QualityOptions | undefined> {
  const values = readArguments(args, known, usage);
  if (values.help === true) return undefined;
  const variants = [
    ...(values.variants === undefined ? [] : await readVariants(values.variants)),
    ...(values.variant ?? []).map(parseVariant),
  ];
  if (variants.length === 0)
    throw new RequestError(
      'REQUEST_INVALID',
      `There is no variant to compare: give --variant or --variants.\n\n${usage}`,
    );
  return {
    variants,
    promptCount: given(values.prompts, '--prompts', wholeNumber(1)) ?? 16,
    model: values.model,
    sizePx: given(values.size, '--size', multipleOf(sizeLimitsPx.step, sizeLimitsPx.min, sizeLimitsPx.max)),
    steps: given(values.steps, '--steps', wholeNumber(1, 1000)),
    guidance: given(values.guidance, '--guidance', numberWithin(1, 50)),
    scheduler: given(values.scheduler, '--scheduler', nameAmong(schedulerNames)),
    saveTo: values.save,
    json: values.json === true,
  };
}
