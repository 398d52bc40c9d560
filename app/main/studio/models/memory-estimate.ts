import { noMerging } from '#contract/request.ts';
import type { ModelEntry, MemoryNeed } from '#contract/studio/models.ts';
import type { Precision, RuntimeChoice } from '#contract/runtime.ts';
import { estimateMemory } from '#engine/memory/estimate.ts';
import type { MemoryRequest } from '#engine/memory/request-size.ts';
import type { CheckpointFacts } from './facts.ts';

/** What running a model at its own size takes, before anything is loaded. */
export function ownMemory(facts: CheckpointFacts, freeBytes: number): NonNullable<ModelEntry['memory']> {
  const { widthPx, heightPx, guidanceScale } = facts.defaults;
  const { neededBytes } = memoryNeed(facts, { widthPx, heightPx, guidanceScale, merging: noMerging }, 'full', freeBytes);
  return { neededBytes, freeBytes, fits: neededBytes <= freeBytes };
}

/** What a request takes with this model, on the processor; previews are counted, since the studio shows them. */
export function memoryNeed(
  facts: CheckpointFacts,
  request: MemoryRequest,
  choice: RuntimeChoice['memory'],
  freeBytes: number,
  precision: Precision = 'f32',
): MemoryNeed {
  const needed = (mode: 'full' | 'low') => estimateMemory(facts, facts.weights, request, { mode, previews: true, precision }).bytes;
  const mode = choice === 'auto' ? (needed('full') <= freeBytes ? 'full' : 'low') : choice;
  return { mode, neededBytes: needed(mode), freeBytes: Math.round(freeBytes) };
}
