import { tomesdMerging } from '#contract/request.ts';
import type { Bench } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import type { Planned } from '../planned.ts';
import type { Figure, Study, StudyKey } from '../results.ts';
import { timeInRounds } from '../rounds.ts';
import { startSide } from '../sides.ts';
import { nameOf, type Contender, type Worker } from '../worker.ts';
import { find } from '../report/compare.ts';
import { PX_PER_TOKEN, writeBlockWork } from './block-work.ts';

const RATIO = 0.5;
const ALREADY_MERGED = 'the block on half the tokens, without merging';
/** Matched as new requests have it; the peers know no windows. */
const WINDOWED = { variant: 'windows of 16', merging: { ...tomesdMerging, matchWindow: 16 } };

/**
 * What merging costs beside the attention that it shortens: the block at ratio .5 against the same block on half the
 * tokens, as a share of the block without merging.
 */
export function planOverhead(bench: Bench, options: BenchOptions): Planned[] {
  return options.sizesPx.map((sizePx) => {
    const side = sizePx / PX_PER_TOKEN;
    const key: StudyKey = { topic: 'overhead', sizePx };
    const title = `Merging's own cost, ${side}×${side} tokens`;
    return {
      key,
      title,
      isSized: true,
      wanted: [],
      run: () => measureOverhead(bench, options.rounds, { key, title, side }),
    };
  });
}

interface Overhead {
  readonly key: StudyKey;
  readonly title: string;
  /** Of the grid of tokens. */
  readonly side: number;
}

async function measureOverhead(bench: Bench, rounds: number, { key, title, side }: Overhead): Promise<Study> {
  const whole = await writeBlockWork(bench.folder, side, side);
  const half = await writeBlockWork(bench.folder, side / 2, side);
  const workers: Worker[] = [];
  const start = async (contender: Contender, work: typeof whole) => {
    bench.say(`${title}: ${nameOf(contender)} gets ready`);
    const worker = startSide(contender, work.kind, bench.python);
    workers.push(worker);
    Object.assign(bench.versions, await worker.prepare(work, bench.threads));
    return worker;
  };
  try {
    const entries: Parameters<typeof timeInRounds<Omit<Figure, 'times'>>>[0][number][] = [];
    for (const { side: name, provider } of bench.contenders) {
      const contender = { side: name, provider };
      const [all, merged] = [await start(contender, whole), await start(contender, half)];
      const run =
        (worker: Worker, ratio: number, merging = tomesdMerging) =>
        async (round: number) =>
          (await worker.run({ ratio, fixed: false, step: round, merging })).tookMs;
      entries.push(
        { key: { ...contender, ratio: 0 }, run: run(all, 0) },
        { key: { ...contender, ratio: RATIO }, run: run(all, RATIO) },
        ...(name === 'tessera'
          ? [
              {
                key: { ...contender, ratio: RATIO, variant: WINDOWED.variant },
                run: run(all, RATIO, WINDOWED.merging),
              },
            ]
          : []),
        { key: { ...contender, ratio: 0, variant: ALREADY_MERGED }, run: run(merged, 0) },
      );
    }
    const { timed } = await timeInRounds(entries, {
      rounds,
      isWarm: false,
      onRound: (round) => {
        bench.say(`${title}: ${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}`);
      },
    });
    const figures = timed.map(({ key: figure, times }): Figure => ({ ...figure, times }));
    return {
      key,
      title,
      figures,
      sameWorkLimit: 0,
      facts: sharesOf(bench.contenders, figures),
      notes: notesOf(bench.contenders, figures),
    };
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
  }
}

/** NaN where that way was not measured. */
function shareOf(contender: Contender, figures: readonly Figure[], way?: string): number {
  const median = (ratio: number, variant?: string) =>
    find(figures, { ...contender, ratio, variant })?.times?.median ?? NaN;
  return (median(RATIO, way) - median(0, ALREADY_MERGED)) / median(0);
}

function sharesOf(contenders: readonly Contender[], figures: readonly Figure[]): Record<string, number> {
  const cpu = contenders.find(({ side, provider }) => side === 'tessera' && provider === 'cpu');
  if (cpu === undefined) return {};
  return {
    overheadShare: shareOf(cpu, figures),
    windowedOverheadShare: shareOf(cpu, figures, WINDOWED.variant),
  };
}

function notesOf(contenders: readonly Contender[], figures: readonly Figure[]): string[] {
  return contenders.map((contender) => {
    const percent = (way?: string) => `${(100 * shareOf(contender, figures, way)).toFixed(1)} %`;
    const windowed =
      contender.side === 'tessera' ? `, ${percent(WINDOWED.variant)} in ${WINDOWED.variant}` : '';
    return `${nameOf(contender)}: everything but the shortened attention takes ${percent()}${windowed} of the unmerged block's time (median at ratio ${RATIO} less that of ${ALREADY_MERGED}).`;
  });
}
