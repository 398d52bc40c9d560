import { mergingKey } from '#contract/merging-key.ts';
import type { GenerationRequest, MergingOptions, StepCache } from '#contract/request.ts';
import type { Candidate, Precision } from '#contract/runtime.ts';
import type { HistoryFilter, Spread, Statistic } from '#contract/studio/history.ts';
import type { PresetFigures } from '#contract/studio/presets.ts';
import type { Db } from './db.ts';
import { whereOf } from './filter.ts';
import { deviceSql, isAtPlaceSql, placeValues, precisionSql } from './place.ts';
import { median } from './rows.ts';

interface MeasuredRow {
  readonly model_id: string;
  readonly model_name: string;
  readonly width_px: number;
  readonly height_px: number;
  readonly steps: number;
  readonly scheduler: string;
  readonly provider: string | null;
  readonly device: string | null;
  readonly precision: Precision | null;
  readonly ratio: number;
  readonly merging_key: string;
  readonly merging: string;
  readonly step_cache: string | null;
  readonly effective_ratio: number | null;
  readonly total_ms: number;
  readonly step_ms: number;
  readonly peak_bytes: number | null;
  readonly peak_source: string | null;
  readonly psnr_db: number | null;
  readonly ssim: number | null;
  readonly finished_at_ms: number | null;
}

const measured = `SELECT g.model_id, g.model_name, g.width_px, g.height_px, g.steps, g.scheduler, g.provider, ${deviceSql} AS device, ${precisionSql} AS precision, g.ratio,
  g.merging_key, g.request_json ->> '$.merging' AS merging, g.request_json ->> '$.stepCache' AS step_cache, g.finished_at_ms,
  g.merging_json ->> '$.effectiveRatio' AS effective_ratio, g.total_ms, g.step_ms, g.psnr_db, g.ssim,
  m.size_bytes AS peak_bytes, m.source AS peak_source
  `;
const memory = "LEFT JOIN memory_figures AS m ON m.generation_seq = g.seq AND m.what = 'process'";

/** Medians need the values, and the newest thousands tell more of this machine than all of them. */
const maxRows = 5000;

export function createStatistics(db: Db) {
  return (filter: HistoryFilter): Statistic[] => {
    const { from, sql, values } = whereOf({ ...filter, states: ['done'] });
    const rows = db
      .prepare<(string | number)[], MeasuredRow>(
        `${measured} FROM ${from} ${memory} WHERE ${sql} AND g.total_ms IS NOT NULL AND g.step_ms IS NOT NULL ORDER BY g.seq DESC LIMIT ${maxRows}`,
      )
      .all(...values);
    return [...Map.groupBy(rows, groupKey).values()].flatMap((group) => {
      const [first] = group;
      return first === undefined ? [] : [toStatistic(first, group)];
    });
  };
}

function groupKey(row: MeasuredRow): string {
  const { model_id, width_px, height_px, steps, scheduler, provider, device, precision } = row;
  const place = [provider, device, precision];
  return JSON.stringify([model_id, width_px, height_px, steps, scheduler, ...place, row.merging_key]);
}

function toStatistic(first: MeasuredRow, group: readonly MeasuredRow[]): Statistic {
  const of = (key: 'total_ms' | 'step_ms' | 'peak_bytes' | 'psnr_db' | 'ssim') =>
    group.flatMap((row) => row[key] ?? []);
  return {
    modelId: first.model_id,
    modelName: first.model_name,
    widthPx: first.width_px,
    heightPx: first.height_px,
    steps: first.steps,
    scheduler: first.scheduler,
    provider: first.provider,
    device: first.device,
    precision: first.precision,
    ratio: first.ratio,
    merging: JSON.parse(first.merging) as MergingOptions,
    ...(first.step_cache === null ? {} : { stepCache: JSON.parse(first.step_cache) as StepCache }),
    effectiveRatio: first.effective_ratio,
    pictures: group.length,
    totalMs: median(of('total_ms')) ?? first.total_ms,
    totalSpreadMs: spread(of('total_ms')),
    stepMs: median(of('step_ms')) ?? first.step_ms,
    stepSpreadMs: spread(of('step_ms')),
    peakBytes: rounded(median(of('peak_bytes'))),
    peakSpreadBytes: spread(of('peak_bytes')),
    peakSource: group.find((row) => row.peak_source !== null)?.peak_source ?? null,
    psnrDb: median(of('psnr_db')),
    ssim: median(of('ssim')),
    latestAt: group.reduce<number | null>(
      (latest, { finished_at_ms: at }) => (at === null || at < (latest ?? 0) ? latest : at),
      null,
    ),
  };
}

/** Where the middle half of the values lies; between two values it runs linearly. Null where there are none. */
export function spread(values: readonly number[]): Spread | null {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const low = sorted[Math.floor(place)] ?? 0;
    const high = sorted[Math.ceil(place)] ?? low;
    return low + (high - low) * (place - Math.floor(place));
  };
  return sorted.length === 0 ? null : { low: at(0.25), high: at(0.75) };
}

const rounded = (value: number | null): number | null => (value === null ? null : Math.round(value));

export type MeasuredSetting = Pick<
  GenerationRequest,
  'widthPx' | 'heightPx' | 'steps' | 'scheduler' | 'guidanceScale' | 'merging' | 'stepCache'
> & {
  readonly modelId: string;
  /** Another checkpoint under the same name is another model. */
  readonly modelHash: string | null;
  /** Another device or precision has times of its own: a gain by it would be none of merging. */
  readonly place: Candidate;
};

interface FigureRow {
  readonly total_ms: number;
  readonly step_ms: number;
  readonly psnr_db: number | null;
  readonly finished_at_ms: number;
}

/** The newest pictures of a setting: older ones may be from before the machine changed. */
const newest = 20;
/** Among so many of all places they are looked for: a place is read from a row's JSON, which takes time. */
const looked = 500;

/** What a setting took at a place, and what it gained against none there; undefined = never made there. */
export function createPresetFigures(db: Db) {
  const find = db.prepare<(string | number | null)[], FigureRow>(
    `SELECT total_ms, step_ms, psnr_db, finished_at_ms FROM (SELECT * FROM generations
     WHERE state = 'done' AND model_id = ? AND width_px = ? AND height_px = ? AND steps = ? AND scheduler = ? AND merging_key = ?
       AND model_hash IS ? AND (request_json ->> '$.guidanceScale' > 1) = ?
       AND total_ms IS NOT NULL AND step_ms IS NOT NULL AND finished_at_ms IS NOT NULL
     ORDER BY seq DESC LIMIT ${looked}) AS g WHERE ${isAtPlaceSql} ORDER BY seq DESC LIMIT ${newest}`,
  );
  return (setting: MeasuredSetting): PresetFigures | undefined => {
    const { modelId, modelHash, widthPx, heightPx, steps, scheduler, guidanceScale, merging, stepCache } =
      setting;
    // Without guidance each step does half the work.
    const isGuided = guidanceScale > 1 ? 1 : 0;
    const place = placeValues(setting.place);
    const rows = (key: string) =>
      find.all(modelId, widthPx, heightPx, steps, scheduler, key, modelHash, isGuided, ...place);
    const made = rows(mergingKey(merging, stepCache));
    const [latest] = made;
    if (latest === undefined) return undefined;
    const plain = median(rows('none').map((row) => row.step_ms));
    const stepMs = median(made.map((row) => row.step_ms)) ?? 0;
    return {
      pictures: made.length,
      totalMs: median(made.map((row) => row.total_ms)) ?? 0,
      stepMs,
      speedup: plain === null || stepMs === 0 ? null : plain / stepMs,
      psnrDb: median(made.flatMap((row) => row.psnr_db ?? [])),
      measuredAt: latest.finished_at_ms,
    };
  };
}
