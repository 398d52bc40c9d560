import type { Generation } from '#contract/studio/generation.ts';
import { m } from '../../paraglide/messages.js';
import type { OverlayState } from './overlay-state.svelte.ts';

/** Why there is nothing to show, and what to do about it. */
export function emptyReason(overlay: OverlayState, picture: Generation | null): string {
  if (overlay.loading) return m.overlay_loading();
  if (overlay.failure !== null) return overlay.failure.message;
  if (picture === null) return m.overlay_empty_nothing();
  const { ratio, ratioEnd } = picture.request.merging;
  const merges = ratio > 0 || (ratioEnd ?? 0) > 0;
  if (picture.state === 'running' || picture.state === 'queued')
    return merges ? m.overlay_empty_forming() : m.overlay_empty_forming_unmerged();
  if (picture.state !== 'done') return m.overlay_empty_unfinished();
  return merges ? m.overlay_empty_none() : m.overlay_empty_unmerged();
}
