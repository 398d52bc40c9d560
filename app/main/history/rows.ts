import type { ErrorCode } from '#contract/errors.ts';
import type { GenerationRequest } from '#contract/request.ts';
import type { Generation, MemoryFigure } from '#contract/studio/generation.ts';

/** A row of `generations` with its memory figures, as SQLite gives it. */
export interface GenerationRow {
  readonly seq: number;
  readonly id: string;
  readonly batch_id: string;
  readonly state: Generation['state'];
  readonly attempts: number;
  readonly failure_code: ErrorCode | null;
  readonly failure_message: string | null;
  readonly created_at_ms: number;
  readonly started_at_ms: number | null;
  readonly finished_at_ms: number | null;
  readonly request_json: string;
  readonly model_id: string;
  readonly model_name: string;
  readonly model_hash: string | null;
  readonly provider: string | null;
  readonly merging_json: string | null;
  readonly figures_json: string | null;
  readonly picture_file: string | null;
  readonly picture_width_px: number | null;
  readonly picture_height_px: number | null;
  readonly picture_size_bytes: number | null;
  readonly has_maps: 0 | 1;
  readonly quality_reference_id: string | null;
  readonly psnr_db: number | null;
  readonly ssim: number | null;
  readonly favourite: 0 | 1;
  readonly tags_json: string;
  readonly notes: string;
  readonly deleted_at_ms: number | null;
  readonly memory_json: string;
}

/** Columns of GenerationRow, from `generations AS g`. */
export const rowColumns = `g.*, (
  SELECT json_group_array(json_object('what', what, 'bytes', size_bytes, 'source', source))
  FROM memory_figures WHERE generation_seq = g.seq
) AS memory_json`;

export function toGeneration(row: GenerationRow): Generation {
  const { picture_width_px: widthPx, picture_height_px: heightPx, picture_size_bytes: sizeBytes } = row;
  return {
    id: row.id,
    batchId: row.batch_id,
    state: row.state,
    failure:
      row.failure_code === null ? null : { code: row.failure_code, message: row.failure_message ?? '' },
    attempts: row.attempts,
    createdAt: row.created_at_ms,
    startedAt: row.started_at_ms,
    finishedAt: row.finished_at_ms,
    request: JSON.parse(row.request_json) as GenerationRequest,
    model: { id: row.model_id, name: row.model_name, hash: row.model_hash },
    provider: row.provider,
    merging: parse(row.merging_json) as Generation['merging'],
    figures: parse(row.figures_json) as Generation['figures'],
    memory: JSON.parse(row.memory_json) as MemoryFigure[],
    picture:
      row.picture_file === null || widthPx === null || heightPx === null || sizeBytes === null
        ? null
        : { widthPx, heightPx, sizeBytes },
    hasMaps: row.has_maps === 1,
    quality:
      row.quality_reference_id === null || row.ssim === null
        ? null
        : { referenceId: row.quality_reference_id, psnrDb: row.psnr_db, ssim: row.ssim },
    favourite: row.favourite === 1,
    tags: JSON.parse(row.tags_json) as string[],
    notes: row.notes,
    deletedAt: row.deleted_at_ms,
  };
}

function parse(json: string | null): unknown {
  return json === null ? null : JSON.parse(json);
}

export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
