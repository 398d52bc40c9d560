import { mergingKey } from '#contract/merging-key.ts';
import type { GenerationRequest, MergingOptions, StepCache } from '#contract/request.ts';
import type { Precision } from '#contract/runtime.ts';
import type { HistoryFilter, Spread, Statistic } from '#contract/studio/history.ts';
import type { PresetFigures } from '#contract/studio/presets.ts';
import type { Db } from './db.ts';
import { whereOf } from './filter.ts';
import { median } from './rows.ts';

interface MeasuredRow {
  readonly model_id: string;
  readonly model_name: string;
  readonly width_px: number;
  readonly height_px: number;
  readonly steps: number;
  readonly scheduler: string;
  readonly provider: string | null;
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

/** In which the U-Net ran: as the row's report of the runtime has it. */
const precision = `(SELECT part.value ->> '$.precision' FROM json_each(g.figures_json, '$.runtime.parts') AS part
  WHERE part.value ->> '$.part' = 'unet')`;

const measured = `SELECT g.model_id, g.model_name, g.width_px, g.height_px, g.steps, g.scheduler, g.provider, ${precision} AS precision, g.ratio,
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
  const { model_id, width_px, height_px, steps, scheduler, provider, precision, merging_key } = row;
  return JSON.stringify([model_id, width_px, height_px, steps, scheduler, provider, precision, merging_key]);
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
};

interface FigureRow {
  readonly total_ms: number;
  readonly step_ms: number;
  readonly psnr_db: number | null;
  readonly finished_at_ms: number;
  readonly provider: string | null;
  readonly precision: Precision | null;
}

/** The newest pictures of a setting: older ones may be from before the machine changed. */
const newest = 20;

/** What a setting took on this machine, and what it gained against none; undefined = never made here. */
export function createPresetFigures(db: Db) {
  const find = db.prepare<[string, number, number, number, string, string, string | null, number], FigureRow>(
    `SELECT total_ms, step_ms, psnr_db, finished_at_ms, provider, ${precision} AS precision FROM generations AS g
     WHERE state = 'done' AND model_id = ? AND width_px = ? AND height_px = ? AND steps = ? AND scheduler = ? AND merging_key = ?
       AND model_hash IS ? AND (request_json ->> '$.guidanceScale' > 1) = ?
       AND total_ms IS NOT NULL AND step_ms IS NOT NULL AND finished_at_ms IS NOT NULL
     ORDER BY seq DESC LIMIT ${newest}`,
  );
  return (setting: MeasuredSetting): PresetFigures | undefined => {
    const { modelId, modelHash, widthPx, heightPx, steps, scheduler, guidanceScale, merging, stepCache } =
      setting;
    // Without guidance each step does half the work.
    const isGuided = guidanceScale > 1 ? 1 : 0;
    const rows = (key: string) =>
      find.all(modelId, widthPx, heightPx, steps, scheduler, key, modelHash, isGuided);
    const made = rows(mergingKey(merging, stepCache));
    const [latest] = made;
    if (latest === undefined) return undefined;
    // Another device or precision has times of its own: a gain by it would be none of merging.
    const isAlike = (row: FigureRow): boolean =>
      row.provider === latest.provider && row.precision === latest.precision;
    const own = made.filter(isAlike);
    const plain = median(
      rows('none')
        .filter(isAlike)
        .map((row) => row.step_ms),
    );
    const stepMs = median(own.map((row) => row.step_ms)) ?? 0;
    return {
      pictures: own.length,
      totalMs: median(own.map((row) => row.total_ms)) ?? 0,
      stepMs,
      speedup: plain === null || stepMs === 0 ? null : plain / stepMs,
      psnrDb: median(own.flatMap((row) => row.psnr_db ?? [])),
      measuredAt: latest.finished_at_ms,
    };
  };
}
