import type { StudioState } from '../state/studio.svelte.ts';
import { m } from '../paraglide/messages.js';

const longJobMs = 10_000;

/** Tells of a picture that took long, while the window is hidden. Asks for leave only where the artist wants it. */
export function notifyWhenHidden(studio: StudioState): () => void {
  return studio.onEvent((event) => {
    if (event.type !== 'finished' || !document.hidden || !studio.settings.notifyWhenHidden) return;
    // The desktop tells it natively.
    if (
      studio.info?.host !== 'browser' ||
      !('Notification' in window) ||
      Notification.permission !== 'granted'
    )
      return;
    const { generation } = event;
    const tookMs = (generation.finishedAt ?? 0) - (generation.startedAt ?? 0);
    if (tookMs < longJobMs || generation.state === 'cancelled') return;
    const title = generation.state === 'done' ? m.shell_notify_done() : m.shell_notify_failed();
    new Notification(title, { body: generation.request.prompt.slice(0, 120), tag: generation.batchId });
  });
}
