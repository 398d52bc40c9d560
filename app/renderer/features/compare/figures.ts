import { isSamePlace } from '#contract/runtime.ts';
import { measuredPlace } from '#contract/runtime-report.ts';
import type { Generation, MemoryFigure } from '#contract/studio/generation.ts';
import { foreignFields, isSameSize } from './settings.ts';

/** What was measured of one picture. Null where nothing was. */
export interface PictureFigures {
  readonly totalMs: number | null;
  readonly stepsPerSecond: number | null;
  /** Time of the unmerged one over the time of this. */
  readonly speedup: number | null;
  readonly memory: MemoryFigure | null;
  readonly effectiveRatio: number | null;
}

export function figuresOf(generation: Generation, reference: Generation | undefined): PictureFigures {
  const { figures, merging, memory } = generation;
  const stepsMs = figures?.stepsMs.reduce((sum, ms) => sum + ms, 0) ?? 0;
  return {
    totalMs: figures?.totalMs ?? null,
    stepsPerSecond: figures === null || stepsMs === 0 ? null : (1000 * figures.stepsMs.length) / stepsMs,
    speedup: speedupOf(generation, reference),
    memory:
      memory.find(({ what }) => what === 'vram') ?? memory.find(({ what }) => what === 'process') ?? null,
    effectiveRatio: merging?.effectiveRatio ?? null,
  };
}

/** Figures of one place: what another device or precision does is not the setting's. */
export function areOfOnePlace(a: Generation, b: Generation): boolean {
  return isSamePlace(measuredPlace(a.figures?.runtime), measuredPlace(b.figures?.runtime));
}

/** Only times of the same request on the same device, in the same precision, can be divided. */
function speedupOf(generation: Generation, reference: Generation | undefined): number | null {
  const own = generation.figures?.totalMs;
  const plain = reference?.figures?.totalMs;
  if (reference === undefined || reference.id === generation.id || own === undefined || plain === undefined)
    return null;
  const comparable =
    own > 0 &&
    areOfOnePlace(reference, generation) &&
    isSameSize(reference.request, generation.request) &&
    foreignFields(reference, generation).length === 0;
  return comparable ? plain / own : null;
}

/** One measurement varies by a few hundredths: below that nothing is called better or worse. */
const noise = 0.03;

export type Tone = 'good' | 'loss' | 'plain';

export function toneOf(speedup: number | null): Tone {
  if (speedup === null) return 'plain';
  return speedup > 1 + noise ? 'good' : speedup < 1 - noise ? 'loss' : 'plain';
}
