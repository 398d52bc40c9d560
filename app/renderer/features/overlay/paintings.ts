import type { Painting } from './paint.ts';

/** Frames that stay computed: enough to scrub back and forth, few enough for any memory. */
const most = 48;

/** Keeps the newest frames by name; the oldest make room. */
export function createPaintings() {
  const kept = new Map<string, Painting>();
  return {
    clear: (): void => {
      kept.clear();
    },
    get: (key: string, make: () => Painting | undefined): Painting | undefined => {
      const known = kept.get(key);
      if (known !== undefined) return known;
      const painting = make();
      if (painting === undefined) return undefined;
      const [oldest] = kept.keys();
      if (kept.size >= most && oldest !== undefined) kept.delete(oldest);
      kept.set(key, painting);
      return painting;
    },
  };
}
