import { mergingKey } from '#contract/merging-key.ts';
import type { GenerationRequest } from '#contract/request.ts';
import type { Generation } from '#contract/studio/generation.ts';
import { median } from './rows.ts';

/** What a request fills of a row, for the queue and for a rebuild alike. */
export function requestColumns(request: GenerationRequest, model: Generation['model']) {
  return {
    request_json: JSON.stringify(request),
    prompt: request.prompt,
    negative_prompt: request.negativePrompt,
    seed: request.seed,
    width_px: request.widthPx,
    height_px: request.heightPx,
    steps: request.steps,
    scheduler: request.scheduler,
    ratio: request.merging.ratio,
    merging_key: mergingKey(request.merging, request.stepCache),
    model_id: model.id,
    model_name: model.name,
    model_hash: model.hash,
  };
}

export function figureColumns(figures: Generation['figures']) {
  return {
    figures_json: figures === null ? null : JSON.stringify(figures),
    total_ms: figures?.totalMs ?? null,
    step_ms: figures === null ? null : stepMs(figures),
  };
}

/** Whole and shallow steps take different times: then only their mean says what a step costs. */
function stepMs({ stepsMs, wholeSteps }: NonNullable<Generation['figures']>): number | null {
  if (wholeSteps === undefined || stepsMs.length === 0) return median(stepsMs);
  return stepsMs.reduce((sum, ms) => sum + ms, 0) / stepsMs.length;
}

/** An INSERT of these columns by name. */
export function insertSql(table: string, columns: readonly string[]): string {
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((name) => `@${name}`).join(', ')})`;
}
