import { join } from 'node:path';
import { readFloats } from './inputs.ts';
import type { Point, Work } from './protocol.ts';
import type { Figure, Peak, Study } from './results.ts';
import { timeInRounds } from './rounds.ts';
import { startSide } from './sides.ts';
import { difference, type Difference, type Spread } from './statistics.ts';
import type { Side, Worker } from './worker.ts';

/** What one study compares, and what it needs for it. */
export interface Plan {
  readonly title: string;
  readonly work: Work;
  readonly ratios: readonly number[];
  readonly rounds: number;
  readonly sameWorkLimit: number;
  readonly notes: readonly string[];
}

export interface Bench {
  readonly sides: readonly Side[];
  readonly python: string;
  readonly threads: number;
  /** For inputs and outputs. */
  readonly folder: string;
  /** Takes each line's memory as well, from a fresh process. */
  readonly peaks: boolean;
  readonly say: (text: string) => void;
  /** Versions that the workers report are gathered here. */
  readonly versions: Record<string, string>;
}

interface Entry {
  readonly side: Side;
  readonly ratio: number;
}

/** For float32 outputs. */
export const FLOAT_LIMIT = 1e-3;

/**
 * Compares the sides' outputs, times them in turn, and takes each configuration's memory from a process that did nothing else.
 * A side that fails is left out and says why; the others go on.
 */
export async function measure(bench: Bench, plan: Plan): Promise<Study> {
  const failures = new Map<Side, string>();
  const { differences, times } = await compareAndTime(bench, plan, failures);
  const figures: Figure[] = [];
  for (const ratio of plan.ratios) {
    for (const side of bench.sides) {
      const failure = failures.get(side);
      const spread = times.find(({ key }) => key.side === side && key.ratio === ratio)?.times;
      const gap = side === 'tessera' ? differences.get(ratio) : undefined;
      figures.push({
        side,
        ratio,
        ...(spread === undefined ? {} : { times: spread }),
        ...(gap === undefined ? {} : { difference: gap }),
        ...(failure === undefined ? await peakAlone(bench, plan, { side, ratio }) : { failure }),
      });
    }
  }
  return { title: plan.title, figures, sameWorkLimit: plan.sameWorkLimit, notes: plan.notes };
}

interface Timings {
  readonly differences: ReadonlyMap<number, Difference>;
  readonly times: readonly { readonly key: Entry; readonly times: Spread }[];
}

async function compareAndTime(bench: Bench, plan: Plan, failures: Map<Side, string>): Promise<Timings> {
  const workers: Worker[] = [];
  try {
    for (const side of bench.sides) {
      try {
        workers.push(await prepared(bench, plan, side));
      } catch (error) {
        failures.set(side, words(error));
      }
    }
    const differences = await compareOutputs(bench, plan, workers);
    return { differences, times: await time(bench, plan, workers, failures) };
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
  }
}

async function prepared(bench: Bench, plan: Plan, side: Side): Promise<Worker> {
  bench.say(`${plan.title}: ${side} gets ready`);
  const worker = startSide(side, plan.work.kind, bench.python);
  try {
    Object.assign(bench.versions, await worker.prepare(plan.work, bench.threads));
    return worker;
  } catch (error) {
    await worker.stop();
    throw error;
  }
}

/** Both sides' outputs with fixed destinations, ratio by ratio. Empty when there is one side alone. */
async function compareOutputs(
  bench: Bench,
  plan: Plan,
  workers: readonly Worker[],
): Promise<Map<number, Difference>> {
  const gaps = new Map<number, Difference>();
  if (workers.length < 2) return gaps;
  for (const ratio of plan.ratios) {
    bench.say(`${plan.title}: outputs at ratio ${ratio} are compared`);
    const outputs: Float32Array[] = [];
    for (const worker of workers) {
      const saveTo = join(bench.folder, `output-${globalThis.crypto.randomUUID()}.safetensors`);
      await worker.run({ ratio, fixed: true, step: 0 }, saveTo);
      outputs.push((await readFloats(saveTo, ['output'])).output.data);
    }
    const [ours, theirs] = outputs;
    if (ours && theirs) gaps.set(ratio, difference(ours, theirs));
  }
  return gaps;
}

async function time(
  bench: Bench,
  plan: Plan,
  workers: readonly Worker[],
  failures: Map<Side, string>,
): Promise<{ readonly key: Entry; readonly times: Spread }[]> {
  const entries = plan.ratios.flatMap((ratio) =>
    workers.map((worker) => ({
      key: { side: worker.side, ratio },
      run: async (round: number) => {
        if (failures.has(worker.side)) return NaN;
        try {
          const point: Point = { ratio, fixed: false, step: round };
          return (await worker.run(point)).tookMs;
        } catch (error) {
          failures.set(worker.side, words(error));
          return NaN;
        }
      },
    })),
  );
  // Comparing the outputs has run everything once.
  const isWarm = workers.length > 1;
  const timed = await timeInRounds(entries, plan.rounds, isWarm, (round) => {
    bench.say(`${plan.title}: ${round === 0 ? 'warm-up' : `round ${round} of ${plan.rounds}`}`);
  });
  return timed.filter(({ key }) => !failures.has(key.side));
}

/** The peak of a process that loads what the ratio needs and makes one run. */
async function peakAlone(
  bench: Bench,
  plan: Plan,
  { side, ratio }: Entry,
): Promise<{ peak?: Peak; failure?: string }> {
  if (!bench.peaks) return {};
  const work = plan.work.kind === 'unet' ? { ...plan.work, oneGraph: false } : plan.work;
  try {
    const worker = await prepared(
      bench,
      { ...plan, work, title: `${plan.title}, memory at ratio ${ratio}` },
      side,
    );
    try {
      await worker.run({ ratio, fixed: false, step: 1 });
      return { peak: await worker.peak() };
    } finally {
      await worker.stop();
    }
  } catch (error) {
    return { failure: words(error) };
  }
}

export function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
