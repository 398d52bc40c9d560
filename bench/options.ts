import { join } from 'node:path';
import process from 'node:process';
import { precisions, providers, type Provider } from '#contract/runtime.ts';
import {
  given,
  listOf,
  multipleOf,
  nameAmong,
  numberWithin,
  readArguments,
  wholeNumber,
} from './command-options.ts';
import { topics, type Topic } from './topics.ts';
import { parseVariant } from './quality/variants.ts';
import { inPrecision, parseStepCache, plain, type Variant } from './variants.ts';

export interface BenchOptions {
  readonly what: readonly Topic[];
  readonly ratios: readonly number[];
  /** Of SD 1.5's pictures: 8 pixels a latent. */
  readonly sizesPx: readonly number[];
  /** Tomesd's own ways first. */
  readonly variants: readonly Variant[];
  readonly providers: readonly Provider[];
  readonly rounds: number;
  /** Pictures and start are measured for the model of SD 1.5's size as well. */
  readonly large: boolean;
  /** Steps that are run of a large model's picture. */
  readonly pictureSteps: number;
  /** A size whose pass would take longer is left out. */
  readonly passLimitMs: number;
  readonly compares: boolean;
  readonly coldWhenLong: boolean;
  readonly peers: boolean;
  readonly python: string;
  /** Each line's memory, from a fresh process of its own. */
  readonly peaks: boolean;
  /** Folder of the store. */
  readonly results: string;
  /** What the store holds of this commit and machine is not measured again. */
  readonly resume: boolean;
  /** The document is written after measuring, or from the store alone. */
  readonly report: 'no' | 'after' | 'only';
  readonly json: boolean;
  /** A checkpoint in the embedded model's place. */
  readonly model: string | undefined;
  readonly help: boolean;
}

const root = join(import.meta.dirname, '..');
const full = { what: topics, ratios: [0, 0.25, 0.5, 0.6, 0.75], sizesPx: [512, 768], rounds: 5 } as const;
const quick = { what: ['block', 'unet-demo', 'start'], ratios: [0, 0.5], sizesPx: [512], rounds: 3 } as const;
/** What a report covers when nothing is named; sizes that take too long are left out by the limit of a pass. */
const reported = { ...full, sizesPx: [512, 768, 1024, 1536, 2048] } as const;
const large = { pictureSteps: 4, passLimitSeconds: 240 };

export const usage = `Times Tessera on this machine, and with --peers diffusers + tomesd on torch beside it.

  npm run bench -- [options]

  --what LIST        ${topics.join(',')} (all)
  --ratios LIST      merging ratios, 0 to 1 (${full.ratios.join(',')}); 0 is always measured
  --sizes LIST       sizes in pixels of SD 1.5, multiples of 64 (${full.sizesPx.join(',')}; with --report ${reported.sizesPx.join(',')});
                     latents are an eighth of it, for every model
  --rounds N         timed rounds, 1 to 100, after one that warms up (${full.rounds})
  --no-warm          studies with a run longer than 30 s are timed without the round that warms up
  --no-compare       the sides' outputs are not compared before they are timed
  --variant JSON     beside tomesd's ways: '{"matchScope":"level","matchEvery":4}'; may be given several times
  --step-cache N/B   beside them: deep features kept for N steps, B up blocks run (3/0); in pictures
  --precision LIST   the U-Net in these beside f32: ${precisions.join(',')}
  --provider LIST    where Tessera runs: ${providers.join(',')} (cpu)
  --picture-steps N  steps that are run of a large model's picture, 1 to 20 (${large.pictureSteps}); the rest is told by the median step
  --pass-limit S     leaves out sizes whose pass would take longer, in seconds (${large.passLimitSeconds})
  --quick            ${quick.what.join(',')} at ratios ${quick.ratios.join(',')}, ${quick.sizesPx.join()} px, ${quick.rounds} rounds
  --peers            the same work with diffusers + tomesd in the same run
  --python PATH      Python that has bench/peers/requirements.txt (TESSERA_PYTHON, else python3)
  --model PATH       a checkpoint in the embedded model's place
  --no-peaks         times alone: each line's memory takes a fresh process that loads the model again
  --report           writes docs/BENCHMARKS.md and its plots from the store, after measuring
  --report-only      the same without measuring
  --results DIR      the store: each finished study is added to it at once (out/bench)
  --resume           leaves out what the store holds of this commit and machine
  --json             all results as JSON on stdout
`;

const known = {
  what: { type: 'string' },
  ratios: { type: 'string' },
  sizes: { type: 'string' },
  rounds: { type: 'string' },
  'no-warm': { type: 'boolean' },
  'no-compare': { type: 'boolean' },
  variant: { type: 'string', multiple: true },
  'step-cache': { type: 'string', multiple: true },
  precision: { type: 'string' },
  provider: { type: 'string' },
  'picture-steps': { type: 'string' },
  'pass-limit': { type: 'string' },
  quick: { type: 'boolean' },
  peers: { type: 'boolean' },
  python: { type: 'string' },
  'no-peaks': { type: 'boolean' },
  report: { type: 'boolean' },
  'report-only': { type: 'boolean' },
  results: { type: 'string' },
  resume: { type: 'boolean' },
  json: { type: 'boolean' },
  model: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Reads the command line. Throws REQUEST_INVALID naming the option, what was found and what is allowed. */
export function parseBenchOptions(args: readonly string[], environment = process.env): BenchOptions {
  const values = readArguments(args, known, usage);
  const isReport = values.report === true || values['report-only'] === true;
  const base = values.quick === true ? quick : isReport ? reported : full;
  return {
    what: given(values.what, '--what', listOf(nameAmong(topics))) ?? base.what,
    ratios: withZero(given(values.ratios, '--ratios', listOf(numberWithin(0, 1))) ?? base.ratios),
    // Three halvings of the latents must come out even, for the peers' sake.
    sizesPx: given(values.sizes, '--sizes', listOf(multipleOf(64, 64, 2048))) ?? base.sizesPx,
    variants: [
      plain,
      ...(given(values.precision, '--precision', listOf(nameAmong(precisions))) ?? []).flatMap((precision) =>
        precision === 'f32' ? [] : inPrecision(precision),
      ),
      ...(values.variant ?? []).map(parseVariant),
      ...(values['step-cache'] ?? []).map(parseStepCache),
    ],
    providers: given(values.provider, '--provider', listOf(nameAmong(providers))) ?? ['cpu'],
    rounds: given(values.rounds, '--rounds', wholeNumber(1, 100)) ?? base.rounds,
    large: values.quick !== true,
    pictureSteps: given(values['picture-steps'], '--picture-steps', wholeNumber(1, 20)) ?? large.pictureSteps,
    passLimitMs:
      1000 * (given(values['pass-limit'], '--pass-limit', wholeNumber(1, 86_400)) ?? large.passLimitSeconds),
    compares: values['no-compare'] !== true,
    coldWhenLong: values['no-warm'] === true,
    peers: values.peers === true,
    python: values.python ?? environment['TESSERA_PYTHON'] ?? 'python3',
    peaks: values['no-peaks'] !== true,
    results: values.results ?? join(root, 'out', 'bench'),
    resume: values.resume === true,
    report: values['report-only'] === true ? 'only' : isReport ? 'after' : 'no',
    json: values.json === true,
    model: values.model,
    help: values.help === true,
  };
}

/** Every figure is told as a ratio to no merging. */
function withZero(ratios: readonly number[]): number[] {
  return [...new Set([0, ...ratios])].sort((a, b) => a - b);
}
