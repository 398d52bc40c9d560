import type { GenerationState } from '#contract/studio/generation.ts';
import type { HistoryFilter } from '#contract/studio/history.ts';

/** What stands in the filters of the gallery; `null` = anything. */
export interface FilterChoice {
  readonly text: string;
  readonly modelId: string | null;
  readonly merging: keyof typeof mergingRanges | null;
  readonly date: keyof typeof recentDays | 'between' | null;
  /** Days as `<input type="date">` gives them; only for `between`. */
  readonly from: string;
  readonly to: string;
  readonly state: keyof typeof stateGroups | null;
  readonly tag: string | null;
  readonly favourite: boolean;
  /** The bin instead of the gallery. */
  readonly deleted: boolean;
}

export const noChoice: FilterChoice = {
  text: '',
  modelId: null,
  merging: null,
  date: null,
  from: '',
  to: '',
  state: null,
  tag: null,
  favourite: false,
  deleted: false,
};

/** Shares asked for. Ratios are set in hundredths, so a range begins just above the one before. */
export const mergingRanges = {
  none: { minRatio: 0, maxRatio: 0 },
  quarter: { minRatio: 0.001, maxRatio: 0.25 },
  half: { minRatio: 0.251, maxRatio: 0.5 },
  more: { minRatio: 0.501, maxRatio: 1 },
} as const;

export const recentDays = { day: 1, week: 7, month: 30 } as const;

export const stateGroups = {
  done: ['done'],
  making: ['queued', 'running'],
  failed: ['failed'],
  cancelled: ['cancelled'],
} as const satisfies Record<string, readonly GenerationState[]>;

const dayMs = 86_400_000;

export function filterOf(choice: FilterChoice, now: number): HistoryFilter {
  const { text, modelId, merging, state, tag } = choice;
  return {
    ...(text.trim() === '' ? {} : { text: text.trim() }),
    ...(modelId === null ? {} : { modelId }),
    ...(merging === null ? {} : mergingRanges[merging]),
    ...datesOf(choice, now),
    ...(state === null ? {} : { states: [...stateGroups[state]] }),
    ...(tag === null ? {} : { tag }),
    ...(choice.favourite ? { favourite: true } : {}),
    ...(choice.deleted ? { deleted: true } : {}),
  };
}

/** Days of the calendar where the artist sits, both counted whole. */
function datesOf({ date, from, to }: FilterChoice, now: number): HistoryFilter {
  if (date === null) return {};
  if (date !== 'between') return { since: now - recentDays[date] * dayMs };
  const since = startOf(from);
  const until = startOf(to, 1);
  return { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until: until - 1 }) };
}

function startOf(day: string, later = 0): number | undefined {
  const [year, month, date] = day.split('-').map(Number);
  if (year === undefined || month === undefined || date === undefined) return undefined;
  const at = new Date(year, month - 1, date + later).getTime();
  return Number.isFinite(at) && at >= 0 ? at : undefined;
}

/** Whether anything is left out; the bin is a place and not a filter. */
export function isNarrowed({ deleted: _deleted, ...choice }: FilterChoice): boolean {
  const { deleted: _none, ...nothing } = noChoice;
  return (Object.keys(nothing) as (keyof typeof nothing)[]).some((key) => choice[key] !== nothing[key]);
}
