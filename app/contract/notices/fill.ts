import { invariant } from '#contract/errors.ts';
import type { Holes } from './speaker.ts';

/**
 * A text with its holes, "{name}", filled. The texts are plain files rather than the window's compiled messages: the main
 * side runs as it is written and reads them too, and which one is said is known only when a notice comes, so that a
 * bundler would keep all of them, at three functions each.
 */
export function fill(text: string, holes: Holes = {}): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = holes[name];
    invariant(value !== undefined, `The text "${text}" was given no ${name}.`);
    return value;
  });
}
