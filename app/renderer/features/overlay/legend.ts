import { kindOf } from './frame.ts';
import { heatShare, type Painting } from './paint.ts';

/** A place on a colour scale, 0 to 1, and the number that stands there. */
export interface Stop {
  readonly at: number;
  readonly value: number;
}

/** Groups from two tokens to the largest; in between the doublings that leave room for their numbers. */
export function heatStops(maxBehind: number): Stop[] {
  if (maxBehind < 2) return [];
  const values = [2];
  for (let value = 4; value < maxBehind; value *= 2) values.push(value);
  if (maxBehind > 2) values.push(maxBehind);
  const stops = values.map((value) => ({ at: heatShare(value, maxBehind), value }));
  return thinned(stops);
}

/** Merged in one step up to all of them. */
export function frequencyStops(stepCount: number): Stop[] {
  if (stepCount < 1) return [];
  const values = new Set([1, Math.round(stepCount / 2), stepCount].filter((value) => value >= 1));
  return thinned([...values].map((value) => ({ at: value / stepCount, value })));
}

const roomForNumber = 0.22;

/** Drops what would touch its neighbour; the ends stay. */
function thinned(stops: readonly Stop[]): Stop[] {
  const last = stops.at(-1);
  if (last === undefined) return [];
  const out: Stop[] = [];
  for (const stop of stops) {
    const before = out.at(-1);
    if (stop === last) {
      if (before !== undefined && out.length > 1 && last.at - before.at < roomForNumber) out.pop();
      out.push(stop);
    } else if (before === undefined || stop.at - before.at >= roomForNumber) out.push(stop);
  }
  return out;
}

/** How many tokens of each kind the frame has. */
export function countKinds({ frame }: Painting): Record<ReturnType<typeof kindOf>, number> {
  const counts = { kept: 0, merged: 0, destination: 0, pruned: 0 };
  for (let i = 0; i < frame.map.length; i++) counts[kindOf(frame, i)]++;
  return counts;
}

/** Groups of two or more. */
export function countGroups({ frame }: Painting): number {
  let groups = 0;
  for (const count of frame.behind) if (count > 1) groups++;
  return groups;
}
