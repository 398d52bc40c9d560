import { isDeepStrictEqual } from 'node:util';
import { tomesdMerging } from '#contract/request.ts';
import { FLOAT_LIMIT, measure, wantedFigures, type Bench } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import type { Planned } from '../planned.ts';
import type { StudyKey } from '../results.ts';
import type { Variant } from '../variants.ts';
import { blockNote, PX_PER_TOKEN, writeBlockWork } from './block-work.ts';

export function planBlock(bench: Bench, options: BenchOptions): Planned[] {
  return options.sizesPx.map((sizePx) => {
    const side = sizePx / PX_PER_TOKEN;
    const key: StudyKey = { topic: 'block', sizePx };
    const title = `Attention block, ${side}×${side} tokens (SD 1.5 at ${sizePx} px)`;
    return {
      key,
      title,
      isSized: true,
      wanted: wantedFigures(bench, options.ratios, ofOneBlock(options)),
      run: async () =>
        measure(bench, {
          key,
          title,
          work: await writeBlockWork(bench.folder, side, side),
          ratios: options.ratios,
          variants: ofOneBlock(options),
          rounds: options.rounds,
          sameWorkLimit: FLOAT_LIMIT,
          notes: [blockNote],
        }),
    };
  });
}

/** One block shares its match with nobody: of the ways of merging it knows where tokens are matched, and on which side they go. */
function ofOneBlock({ variants }: BenchOptions): Variant[] {
  return variants.filter(
    ({ merging, stepCache, precision }) =>
      stepCache === undefined &&
      precision === undefined &&
      isDeepStrictEqual(merging, { ...tomesdMerging, side: merging.side, matchWindow: merging.matchWindow }),
  );
}
