import type { Generation } from '#contract/studio/generation.ts';
import { m } from '../../paraglide/messages.js';

/** Why there is no picture. */
export function stateWords({ state, failure }: Generation): string {
  switch (state) {
    case 'queued':
      return m.compare_state_queued();
    case 'running':
      return m.compare_state_running();
    case 'failed':
      return failure?.message ?? m.compare_state_failed();
    case 'cancelled':
      return m.compare_state_cancelled();
    case 'done':
      return m.compare_file_gone();
  }
}
