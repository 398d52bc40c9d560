import type { Study, StudyKey } from './results.ts';

/**
 * How long one run at a size would take, told from the slowest of the same kind at the next smaller size. Attention grows
 * with the fourth power of a picture's side and everything else with the second; with two sizes known, their own
 * growth is taken. Undefined when nothing smaller was measured.
 */
export function estimateRunMs(key: StudyKey, known: readonly Study[]): number | undefined {
  const { sizePx } = key;
  if (sizePx === undefined) return undefined;
  const smaller = known
    .flatMap((study) => (isSameKind(study.key, key) ? pointOf(study) : []))
    .filter((point) => point.sizePx < sizePx)
    .sort((a, b) => b.sizePx - a.sizePx);
  const [near, far] = smaller;
  if (near === undefined) return undefined;
  const power =
    far === undefined ? UNKNOWN_POWER : Math.log(near.ms / far.ms) / Math.log(near.sizePx / far.sizePx);
  return near.ms * (sizePx / near.sizePx) ** Math.min(Math.max(power, 2), 4);
}

/** Between the second and the fourth. */
const UNKNOWN_POWER = 3;

function isSameKind(a: StudyKey, b: StudyKey): boolean {
  return a.topic === b.topic && a.model === b.model && a.steps === b.steps;
}

function pointOf({ key, figures }: Study): { sizePx: number; ms: number }[] {
  const times = figures.flatMap((figure) => figure.times?.median ?? []);
  return key.sizePx === undefined || times.length === 0
    ? []
    : [{ sizePx: key.sizePx, ms: Math.max(...times) }];
}
