import { noMerging } from '#contract/request.ts';
import type { NewGeneration } from './types.ts';

/** Rows for the child process that a test kills: numbered by their seed. */
export function newGeneration(seed: number): NewGeneration {
  return {
    batchId: '11111111-1111-4111-8111-111111111111',
    request: {
      prompt: `number ${seed}`,
      negativePrompt: '',
      widthPx: 64,
      heightPx: 64,
      steps: 4,
      scheduler: 'euler',
      guidanceScale: 3,
      seed,
      count: 1,
      merging: noMerging,
    },
    model: { id: 'demo', name: 'Demo', hash: null },
  };
}
