import { m } from '../paraglide/messages.js';
import { shareDone } from '../state/progress.ts';
import type { StudioState } from '../state/studio.svelte.ts';

/** "42 % · a red sun … – Tessera": readable from the task bar. */
export function windowTitle(studio: StudioState): string {
  const { running } = studio;
  if (running === undefined) return 'Tessera';
  const progress = studio.progress.get(running.id);
  const percent = progress === undefined ? 0 : Math.round(shareDone(progress) * 100);
  return m.shell_window_title({ percent, prompt: running.request.prompt.slice(0, 60) });
}
