import * as v from 'valibot';
import { GenerationRequestSchema, type GenerationRequest } from '#contract/request.ts';
import type { Draft } from '#contract/studio/draft.ts';
import { StudioError } from '#contract/errors.ts';
import type { StudioState } from '../state/studio.svelte.ts';

/** What the form asks for. Throws REQUEST_INVALID naming every field that is wrong. */
export function requestOf(draft: Draft): GenerationRequest {
  const { modelId: _modelId, presetId: _presetId, seed, ...fields } = draft;
  const result = v.safeParse(GenerationRequestSchema, { ...fields, seed: seed ?? 0 });
  if (result.success) return result.output;
  throw new StudioError('REQUEST_INVALID', `${result.issues.map(({ message }) => message).join('. ')}.`);
}

/** Puts what stands in the form into the queue, and the eyes on it. */
export async function makePicture(studio: StudioState): Promise<void> {
  const draft = studio.draft.snapshot();
  const { modelId } = draft;
  if (!studio.ready || modelId === null) return;
  studio.draft.flush();
  await studio.attempt(async () => {
    const request = requestOf(draft);
    const { generations } = await studio.client.queue.submit({
      modelId,
      request: { ...request, seed: draft.seed },
    });
    const [first] = generations;
    if (first !== undefined) studio.follow(first);
    if (!studio.settings.firstRunDone) await studio.update({ firstRunDone: true });
  });
}
