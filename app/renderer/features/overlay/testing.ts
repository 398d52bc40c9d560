import type { MergeMaps } from '#contract/archive/merge-maps.ts';
import { frameOf, frequencyOf, type Frame } from './frame.ts';
import { colourGroups } from './group-colouring.ts';
import type { Painting } from './paint.ts';

export function frameAt(maps: MergeMaps, step: number, half: number): Frame {
  const frame = frameOf(maps, 0, step, half);
  if (frame === undefined) throw new Error(`There is no frame of step ${step}, half ${half}.`);
  return frame;
}

export function paintingAt(maps: MergeMaps, step: number, half: number): Painting {
  const frame = frameAt(maps, step, half);
  return {
    frame,
    colours: colourGroups(frame),
    frequency: frequencyOf(maps, 0, half),
    stepCount: maps.steps.length,
  };
}
