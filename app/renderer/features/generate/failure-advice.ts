import type { ErrorCode } from '#contract/errors.ts';
import { m } from '../../paraglide/messages.js';

export type Remedy = 'again' | 'smaller' | 'models';

export interface Advice {
  /** What the failure means for the picture. */
  readonly meaning: string;
  /** The one thing that helps. */
  readonly remedy: Remedy;
}

export function adviceFor(code: ErrorCode): Advice {
  if (code === 'ENGINE_OUT_OF_MEMORY') return { meaning: m.generate_means_memory(), remedy: 'smaller' };
  if (code.startsWith('MODEL_')) return { meaning: m.generate_means_model(), remedy: 'models' };
  if (code === 'ENGINE_DIED') return { meaning: m.generate_means_died(), remedy: 'again' };
  if (code === 'HISTORY_UNWRITABLE' || code === 'OUTPUT_UNWRITABLE')
    return { meaning: m.generate_means_unwritable(), remedy: 'again' };
  if (code === 'REQUEST_INVALID') return { meaning: m.generate_means_request(), remedy: 'again' };
  return { meaning: m.generate_means_other(), remedy: 'again' };
}
