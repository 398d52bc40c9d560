import type { Generation } from '#contract/studio/generation.ts';
import { m } from '../../paraglide/messages.js';

const words = {
  queued: m.history_state_queued,
  running: m.history_state_running,
  done: m.history_state_done,
  failed: m.history_state_failed,
  cancelled: m.history_state_cancelled,
};

const shownChars = 160;

/** The prompt as far as a tile can show it. */
export function promptWords({ request }: Generation): string {
  const { prompt } = request;
  return prompt.length > shownChars ? `${prompt.slice(0, shownChars)}…` : prompt;
}

/** The state of a row, and of its file: a picture may be gone from the disk. */
export function stateWords({ state, picture }: Generation): string {
  return state === 'done' && picture === null ? m.history_state_gone() : words[state]();
}
