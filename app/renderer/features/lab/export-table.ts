import { formatStepCache } from '#contract/step-cache-text.ts';
import type { Statistic } from '#contract/studio/history.ts';
import { speedupOf } from './lab-data.ts';

/** The measured figures as a table for other programs. Unknown is an empty field, or null. */

const columns = [
  'model',
  'model_id',
  'width_px',
  'height_px',
  'steps',
  'scheduler',
  'provider',
  'device',
  'precision',
  'ratio',
  'ratio_end',
  'mode',
  'partition',
  'cell_width',
  'cell_height',
  'max_downsample',
  'blocks',
  'self_attention',
  'cross_attention',
  'mlp',
  'step_cache',
  'effective_ratio',
  'pictures',
  'total_ms_median',
  'total_ms_q1',
  'total_ms_q3',
  'step_ms_median',
  'step_ms_q1',
  'step_ms_q3',
  'speedup',
  'peak_bytes_median',
  'peak_source',
  'psnr_db_median',
  'ssim_median',
  'latest',
] as const;
type Value = string | number | boolean | null;
export type ExportRow = Record<(typeof columns)[number], Value>;

export function exportRows(selected: readonly Statistic[], all: readonly Statistic[]): ExportRow[] {
  return selected.map((each) => {
    const { merging } = each;
    return {
      model: each.modelName,
      model_id: each.modelId,
      width_px: each.widthPx,
      height_px: each.heightPx,
      steps: each.steps,
      scheduler: each.scheduler,
      provider: each.provider,
      device: each.device,
      precision: each.precision,
      ratio: each.ratio,
      ratio_end: merging.ratioEnd ?? null,
      mode: merging.mode,
      partition: merging.partition,
      cell_width: merging.sx,
      cell_height: merging.sy,
      max_downsample: merging.maxDownsample,
      blocks: merging.blocks?.join(' ') ?? null,
      self_attention: merging.selfAttention,
      cross_attention: merging.crossAttention,
      mlp: merging.mlp,
      step_cache: each.stepCache === undefined ? null : formatStepCache(each.stepCache),
      effective_ratio: each.effectiveRatio,
      pictures: each.pictures,
      total_ms_median: each.totalMs,
      total_ms_q1: each.totalSpreadMs?.low ?? null,
      total_ms_q3: each.totalSpreadMs?.high ?? null,
      step_ms_median: each.stepMs,
      step_ms_q1: each.stepSpreadMs?.low ?? null,
      step_ms_q3: each.stepSpreadMs?.high ?? null,
      speedup: speedupOf(each, all),
      peak_bytes_median: each.peakBytes,
      peak_source: each.peakSource,
      psnr_db_median: each.psnrDb,
      ssim_median: each.ssim,
      latest: each.latestAt === null ? null : new Date(each.latestAt).toISOString(),
    };
  });
}

/** RFC 4180: fields with a comma, a quote or a line break stand in quotes. */
export function toCsv(rows: readonly ExportRow[]): string {
  const field = (value: Value): string => {
    const text = value === null ? '' : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = rows.map((row) => columns.map((column) => field(row[column])).join(','));
  return [columns.join(','), ...lines].map((line) => `${line}\r\n`).join('');
}

export function toJson(rows: readonly ExportRow[]): string {
  return `${JSON.stringify(rows, null, 2)}\n`;
}
