import type { Generation } from '#contract/studio/generation.ts';
import type { Settings } from '#contract/studio/settings.ts';
import { wordsOf, type Language } from './words.ts';

export const longJobMs = 10_000;
const bodyChars = 120;

export interface Attention {
  readonly isFocused: boolean;
  readonly isVisible: boolean;
}

/** What to tell of a picture that came to its end; undefined where the artist sees it, did it, or wants no notice. */
export function notificationOf(
  { state, startedAt, finishedAt, request }: Generation,
  attention: Attention,
  { notifyWhenHidden }: Settings,
  language: Language,
): { title: string; body: string } | undefined {
  if (!notifyWhenHidden || (attention.isFocused && attention.isVisible)) return undefined;
  if ((state !== 'done' && state !== 'failed') || startedAt === null || finishedAt === null) return undefined;
  if (finishedAt - startedAt < longJobMs) return undefined;
  const words = wordsOf(language);
  return {
    title: state === 'done' ? words.pictureDone : words.pictureFailed,
    body: request.prompt.slice(0, bodyChars),
  };
}
