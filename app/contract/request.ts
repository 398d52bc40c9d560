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

/** How a token that goes is treated: averaged into its destination, left out, or (ToDo, arXiv 2402.13573) no token goes but keys and values come from a coarser grid. */
export const mergeModes = ['merge', 'prune', 'downsample'] as const;
export type MergeMode = (typeof mergeModes)[number];

/** Which side of the self-attention has fewer tokens. Sampled: queries merge, and keys and values are those of the destinations, as they were. */
export const mergeSides = ['all', 'sampled', 'queries', 'keys-values'] as const;
export type MergeSide = (typeof mergeSides)[number];

/** What one match serves: its block, the blocks of a level on the way down (and another for those on the way up), or all blocks of a level. */
export const matchScopes = ['block', 'stage', 'level'] as const;
export type MatchScope = (typeof matchScopes)[number];

/** A field that older requests lack means what it meant when they were made: the reference's way, tomesd's. */
export const MergingSchema = v.strictObject({
  /** Share of the tokens merged away at the first step, 0 = none. May exceed what the partition allows: the effective ratio is reported. With a threshold it is the most that may go. */
  ratio: real('merging ratio', 0, 1),
  /** Share at the last step; between them it runs linearly. Absent: the same as `ratio`. */
  ratioEnd: v.optional(real('merging end ratio', 0, 1)),
  mode: oneOf('merging mode', mergeModes),
  side: v.optional(oneOf('merging side', mergeSides), 'all'),
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
  /** Cosine similarity from which on a token goes (CA-ToMe, arXiv 2501.00946); absent: the share alone decides. */
  threshold: v.optional(real('merging threshold', -1, 1)),
  /** How strongly the difference that guidance made at the step before keeps a token from going (IBTM, arXiv 2411.16720); 0 = not at all. */
  importance: v.optional(real('merging importance', 0, 1), 0),
  matchScope: v.optional(oneOf('match scope', matchScopes), 'block'),
  /** Every n-th step matches anew; the steps between go on with its match. */
  matchEvery: v.optional(integer('match interval', 1, 100), 1),
  /** Tokens are matched within windows of this many tokens a side; 0 = over the whole grid. */
  matchWindow: v.optional(integer('match window', 0, 256), 0),
  /** Levels where merging would cost more time than it saves are left out, and the report says so. */
  leaveOutCostly: v.optional(v.boolean(), false),
});
export type MergingOptions = v.InferOutput<typeof MergingSchema>;

/** tomesd's defaults (tomesd/patch.py@27a14a3, apply_patch), with merging switched off: what the peers are compared with. */
export const tomesdMerging: MergingOptions = {
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
  side: 'all',
  importance: 0,
  matchScope: 'block',
  matchEvery: 1,
  matchWindow: 0,
  leaveOutCostly: false,
};

/**
 * What a new request starts from: tomesd's defaults, with what was measured to pay without a visible cost
 * (docs/tried/matching.md).
 */
export const noMerging: MergingOptions = {
  ...tomesdMerging,
  side: 'sampled',
  matchScope: 'stage',
  matchWindow: 16,
  leaveOutCostly: true,
};

/** No model has more branches; most have fewer (ModelEntry.stepCacheBranches). */
export const stepCacheLimits = { minInterval: 2, maxInterval: 50, maxBranch: 15 } as const;

/** Deep features kept from one step to the next (DeepCache, arXiv 2312.00858); absent: every step runs the whole U-Net. */
export const StepCacheSchema = v.strictObject({
  /** Every n-th step runs whole; the steps between run only what is shallower than `branch`. */
  interval: integer('step cache interval', stepCacheLimits.minInterval, stepCacheLimits.maxInterval),
  /** DeepCache's cache_branch_id: how many of the up path's last blocks still run; 0 = the last one alone. */
  branch: integer('step cache branch', 0, stepCacheLimits.maxBranch),
});
export type StepCache = v.InferOutput<typeof StepCacheSchema>;

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
  stepCache: v.optional(StepCacheSchema),
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
