import type { Figure, StudyKey } from '../results.ts';
import type { StoredStudy } from './store.ts';

/** Records for the report's tests. */

interface Line {
  readonly side?: Figure['side'];
  readonly provider?: Figure['provider'];
  readonly ratio: number;
  readonly variant?: string;
  readonly ms?: number;
  readonly peakBytes?: number;
}

export function figureOf({
  side = 'tessera',
  provider = 'cpu',
  ratio,
  variant,
  ms,
  peakBytes,
}: Line): Figure {
  return {
    ...{ side, provider, ratio },
    ...(variant === undefined ? {} : { variant }),
    ...(ms === undefined ? {} : { times: { median: ms, min: ms - 1, max: ms + 1, count: 3 } }),
    ...(peakBytes === undefined ? {} : { peak: { bytes: peakBytes, source: 'VmHWM' } }),
  };
}

export function recordOf(
  key: StudyKey,
  lines: readonly Line[],
  {
    at = '2026-01-02T03:04:05.000Z',
    commit = 'abc1234',
    machine = {},
    facts,
  }: Partial<Pick<StoredStudy, 'at' | 'commit' | 'machine'>> & {
    readonly facts?: Record<string, number>;
  } = {},
): StoredStudy {
  return {
    ...{ at, commit },
    machine: { processor: 'P', cores: '2', system: 'S', ...machine },
    versions: { node: '24' },
    study: {
      ...{ key, title: 'A study', sameWorkLimit: 1, notes: [] },
      figures: lines.map(figureOf),
      ...(facts === undefined ? {} : { facts }),
    },
  };
}
