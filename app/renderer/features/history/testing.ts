import type { GenerationRequest } from '#contract/request.ts';
import type { Generation } from '#contract/studio/generation.ts';
import { fakeGeneration } from '../../state/testing.ts';

/** A finished picture for the tests of this room. */
export function generationOf(id: string, changes: Partial<GenerationRequest> = {}): Generation {
  const { request } = fakeGeneration();
  return fakeGeneration({
    id,
    state: 'done',
    finishedAt: 3,
    request: { ...request, prompt: `picture ${id}`, widthPx: 64, heightPx: 64, ...changes },
    picture: { widthPx: 64, heightPx: 64, sizeBytes: 1 },
  });
}
