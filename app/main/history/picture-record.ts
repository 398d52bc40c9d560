import * as v from 'valibot';
import { formatInfotext, parseInfotext, type Infotext } from '#contract/infotext.ts';
import { draftFromInfotext } from '#contract/infotext-draft.ts';
import { parametersKey, recordKey } from '#contract/picture-settings.ts';
import { GenerationRequestSchema, noMerging, type GenerationRequest } from '#contract/request.ts';
import { GenerationSchema, type Generation } from '#contract/studio/generation.ts';

/** The row of a picture inside its own PNG, from which the history can be built again. */
const RecordSchema = v.object({
  id: GenerationSchema.entries.id,
  batchId: GenerationSchema.entries.batchId,
  createdAt: GenerationSchema.entries.createdAt,
  request: GenerationSchema.entries.request,
  model: GenerationSchema.entries.model,
  provider: GenerationSchema.entries.provider,
  merging: GenerationSchema.entries.merging,
  figures: GenerationSchema.entries.figures,
  memory: GenerationSchema.entries.memory,
});
export type PictureRecord = v.InferOutput<typeof RecordSchema>;

export function pictureTexts(record: PictureRecord, infotext: Infotext): Map<string, string> {
  return new Map([
    [parametersKey, formatInfotext(infotext)],
    [recordKey, JSON.stringify(record)],
  ]);
}

/** Undefined where the text is missing, damaged or of another form. */
export function readRecord(text: string | undefined): PictureRecord | undefined {
  if (text === undefined) return undefined;
  try {
    const result = v.safeParse(RecordSchema, JSON.parse(text));
    return result.success ? result.output : undefined;
  } catch {
    // Somebody else's text under our keyword.
    return undefined;
  }
}

/** What A1111's text tells of a picture that carries no record; undefined where it is too little. */
export function requestFromParameters(
  text: string | undefined,
  size: { widthPx: number; heightPx: number },
): { request: GenerationRequest; model: Generation['model'] } | undefined {
  if (text === undefined) return undefined;
  const { changes, modelName = 'unknown' } = draftFromInfotext(parseInfotext(text));
  const { modelId: _modelId, presetId: _presetId, ...fields } = changes;
  const result = v.safeParse(GenerationRequestSchema, {
    negativePrompt: '',
    ...size,
    merging: noMerging,
    ...fields,
    count: 1,
  });
  return result.success
    ? { request: result.output, model: { id: modelName, name: modelName, hash: null } }
    : undefined;
}
