import { wantedFigures, type Bench } from '../measure.ts';
import type { Planned } from '../planned.ts';
import type { Figure, Study, StudyKey } from '../results.ts';
import { timeInRounds } from '../rounds.ts';
import type { MeasuredModel, ModelSource } from './model.ts';
import { pictureSizePx, takeShot } from './shot.ts';

const LATENT_SIDE = 64;

/** From the start of a fresh process to the end of its first step, at ratio 0. */
export function planStart(bench: Bench, source: ModelSource, rounds: number): Planned {
  const key: StudyKey = { topic: 'start', model: source.id };
  const title = `Start of ${source.label}: process start to the end of its first step, ${LATENT_SIDE}×${LATENT_SIDE} latents`;
  return {
    key,
    title,
    isSized: false,
    wanted: wantedFigures(bench, [0]),
    run: async () => measureStart(bench, await source.open(), rounds, { key, title }),
  };
}

async function measureStart(
  bench: Bench,
  model: MeasuredModel,
  rounds: number,
  { key, title }: Pick<Study, 'key' | 'title'>,
): Promise<Study> {
  const sizePx = await pictureSizePx(model, LATENT_SIDE);
  const begins: number[] = [];
  const entries = bench.contenders.map((contender) => ({
    key: contender,
    async run() {
      const shot = await takeShot(bench, { contender, model, sizePx, steps: 1, ratio: 0 });
      if (contender.side === 'tessera') begins.push(shot.beganMs ?? NaN);
      return shot.endedMs;
    },
  }));
  const { timed } = await timeInRounds(entries, {
    rounds,
    isWarm: false,
    onRound: (round) => {
      bench.say(`${title}: ${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}`);
    },
  });
  const figures = timed.map(({ key, times }): Figure => ({ ...key, ratio: 0, times }));
  const firstStepBeganMs = Math.max(...begins);
  return {
    key,
    title,
    figures,
    sameWorkLimit: 0,
    facts: { firstStepBeganMs },
    notes: [
      `Tessera's first step began within ${(firstStepBeganMs / 1000).toFixed(2)} s in every run, the warm-up's included.`,
    ],
  };
}
