import * as v from 'valibot';
import { RequestError } from './errors.ts';

/** Usual names of the schedulers (A1111's labels are in their table in app/main/engine/schedulers). */
export const schedulerNames = [
  'ddim',
  'pndm',
  'euler',
  'euler_a',
  'euler_karras',
  'heun',
  'dpmpp_2m',
  'dpmpp_2m_karras',
  'dpmpp_2m_sde',
  'unipc',
  'lcm',
] as const;
export type SchedulerName = (typeof schedulerNames)[number];

/** Sizes are in pixels, in steps of 8. */
export const sizeLimitsPx = { min: 64, max: 2048, step: 8 } as const;
export const maxDownsamples = [1, 2, 4, 8] as const;

const integer = (what: string, min: number, max: number) =>
  v.pipe(
    v.number(`${what} must be a number`),
    v.check(
      (n) => Number.isInteger(n) && n >= min && n <= max,
      (issue) => `${what} is ${String(issue.input)}; allowed: whole numbers ${min} to ${max}`,
    ),
  );
const real = (what: string, min: number, max: number) =>
  v.pipe(
    v.number(`${what} must be a number`),
    v.check(
      (n) => n >= min && n <= max,
      (issue) => `${what} is ${String(issue.input)}; allowed: ${min} to ${max}`,
    ),
  );
const size = (what: string) =>
  v.pipe(
    v.number(`${what} must be a number`),
    v.check(
      (n) =>
        Number.isInteger(n) && n >= sizeLimitsPx.min && n <= sizeLimitsPx.max && n % sizeLimitsPx.step === 0,
      (issue) =>
        `${what} is ${String(issue.input)}; allowed: ${sizeLimitsPx.min} to ${sizeLimitsPx.max} px in steps of ${sizeLimitsPx.step}`,
    ),
  );
const oneOf = <const T extends readonly (string | number)[]>(what: string, options: T) =>
  v.picklist(options, (issue) => `${what} is ${String(issue.input)}; allowed: ${options.join(', ')}`);

/** How destination tokens are chosen (arXiv 2303.17604, section 4.1 and Table 2). */
export const partitionKinds = ['cells-random', 'cells-fixed', 'columns', 'random'] as const;
export type PartitionKind = (typeof partitionKinds)[number];

export const MergingSchema = v.strictObject({
  /** Share of the tokens merged away at the first step, 0 = none. May exceed what the partition allows: the effective ratio is reported. */
  ratio: real('merging ratio', 0, 1),
  /** Share at the last step; between them it runs linearly. Absent: the same as `ratio`. */
  ratioEnd: v.optional(real('merging end ratio', 0, 1)),
  mode: oneOf('merging mode', ['merge', 'prune']),
  partition: oneOf('merging partition', partitionKinds),
  /** Cell width and height in tokens; one token of each cell is a destination. */
  sx: integer('merging cell width', 1, 16),
  sy: integer('merging cell height', 1, 16),
  /** Blocks are merged whose tokens are at most this many times downsampled (1 = only the largest grid). */
  maxDownsample: oneOf('merging max downsample', maxDownsamples),
  /** Blocks by name, instead of `maxDownsample`. */
  blocks: v.optional(v.array(v.string())),
  selfAttention: v.boolean(),
  crossAttention: v.boolean(),
  mlp: v.boolean(),
  /** Both halves of guidance use the same partition; off only for the paper's ablation. */
  sharePartition: v.boolean(),
});
export type MergingOptions = v.InferOutput<typeof MergingSchema>;

/** tomesd's defaults (tomesd/patch.py@27a14a3, apply_patch), with merging switched off. */
export const noMerging: MergingOptions = {
  ratio: 0,
  mode: 'merge',
  partition: 'cells-random',
  sx: 2,
  sy: 2,
  maxDownsample: 1,
  selfAttention: true,
  crossAttention: false,
  mlp: false,
  sharePartition: true,
};

/** Longer ones would make the text alone take longer than the picture. */
export const promptLimitChars = 100_000;
const promptText = (what: string) =>
  v.pipe(
    v.string(`${what} must be text`),
    v.maxLength(
      promptLimitChars,
      (issue) => `${what} has ${issue.input.length} characters; allowed: up to ${promptLimitChars}`,
    ),
  );

export const GenerationRequestSchema = v.strictObject({
  prompt: promptText('prompt'),
  negativePrompt: promptText('negative prompt'),
  widthPx: size('width'),
  heightPx: size('height'),
  steps: integer('steps', 1, 1000),
  scheduler: oneOf('scheduler', schedulerNames),
  /** 1 = no guidance, and no second half is computed. */
  guidanceScale: real('guidance scale', 1, 50),
  /** Seed of the first picture; picture i uses seed + i. */
  seed: integer('seed', 0, Number.MAX_SAFE_INTEGER - 1024),
  count: integer('count', 1, 1000),
  merging: MergingSchema,
});
export type GenerationRequest = v.InferOutput<typeof GenerationRequestSchema>;

/** Checks a request from outside. Throws REQUEST_INVALID naming every field that is wrong. */
export function parseGenerationRequest(input: unknown): GenerationRequest {
  const result = v.safeParse(GenerationRequestSchema, input);
  if (result.success) return result.output;
  const problems = result.issues.map((issue) => {
    const path = v.getDotPath(issue);
    return path !== null && issue.type !== 'check' && issue.type !== 'picklist' && issue.type !== 'max_length'
      ? `${path}: ${issue.message}`
      : issue.message;
  });
  throw new RequestError('REQUEST_INVALID', `${problems.join('. ')}.`, { details: { problems } });
}
