import type { MergeMaps } from '#contract/archive/merge-maps.ts';
import { flowOf, type Flow } from './flow.ts';
import { frameOf, frequencyOf } from './frame.ts';
import { colourGroups } from './group-colouring.ts';
import { sharesByStep } from './unet-map.ts';
import type { Painting } from './paint.ts';

/** Computed frames are kept up to this size: at 128×128 tokens, 300 of them. */
const mostBytes = 32 * 2 ** 20;
/** map's view is not counted: behind, destination and colours are. */
const bytesPerToken = 6;
const mostLines = 500;

/** The frames of one picture's maps, each computed once and kept; the one longest unused makes room. */
export function createPaintings() {
  const kept = new Map<string, Painting>();
  const frequencies = new Map<string, Uint16Array>();
  const shares = new Map<string, readonly number[]>();
  const flows = new WeakMap<Painting, Flow>();
  let bytes = 0;

  const frequency = (maps: MergeMaps, block: number, half: number): Uint16Array => {
    const key = `${block}/${half}`;
    const known = frequencies.get(key) ?? frequencyOf(maps, block, half);
    frequencies.set(key, known);
    return known;
  };
  const keep = (key: string, painting: Painting): void => {
    kept.set(key, painting);
    bytes += painting.frame.map.length * bytesPerToken;
    for (const [oldest, old] of kept) {
      if (bytes <= mostBytes || oldest === key) break;
      kept.delete(oldest);
      bytes -= old.frame.map.length * bytesPerToken;
    }
  };

  return {
    clear: (): void => {
      kept.clear();
      frequencies.clear();
      shares.clear();
      bytes = 0;
    },
    get: (maps: MergeMaps, block: number, step: number, half: number): Painting | undefined => {
      const key = `${block}/${step}/${half}`;
      const known = kept.get(key);
      if (known !== undefined) {
        kept.delete(key);
        kept.set(key, known);
        return known;
      }
      const frame = frameOf(maps, block, step, half);
      if (frame === undefined) return undefined;
      const painting = {
        frame,
        colours: colourGroups(frame),
        frequency: frequency(maps, block, half),
        stepCount: maps.steps.length,
      };
      keep(key, painting);
      return painting;
    },
    /** Share of a block's tokens that is merged away, at each step. */
    shares: (maps: MergeMaps, block: number, half: number): readonly number[] => {
      const key = `${block}/${half}`;
      const known = shares.get(key) ?? sharesByStep(maps, block, half);
      shares.set(key, known);
      return known;
    },
    flow: (painting: Painting): Flow => {
      const known = flows.get(painting) ?? flowOf(painting.frame, painting.colours, mostLines);
      flows.set(painting, known);
      return known;
    },
  };
}
