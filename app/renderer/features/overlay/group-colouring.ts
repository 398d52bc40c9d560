import type { Frame } from './frame.ts';
import { groupHueCount, groupHues } from './palette.ts';

/** The colour number of a token that stands alone: it stays clear. */
export const noColour = 255;

/** What it costs that two hues touch: much when they are the same, nothing when a sixth of the circle is between them. */
const costOfTouching = new Float32Array(groupHueCount * groupHueCount);
const clearlyDifferentDegrees = 60;
groupHues.forEach((one, i) => {
  groupHues.forEach((other, j) => {
    const apart = Math.abs(((one - other + 540) % 360) - 180);
    costOfTouching[i * groupHueCount + j] =
      i === j ? 100 : Math.max(0, 1 - apart / clearlyDifferentDegrees) ** 2;
  });
});

/**
 * A colour number for each group of two or more, so that touching groups differ clearly. The largest groups choose first;
 * each takes the hue that is furthest from those around it, and of equal ones the hue of its place, so that a place keeps
 * its colour from step to step where it can.
 */
export function colourGroups({ map, behind, gridW, gridH }: Frame): Uint8Array {
  const tokens = gridW * gridH;
  const headColour = new Uint8Array(tokens).fill(noColour);
  const members = membersByHead(map, behind);
  const touching = new Uint32Array(groupHueCount);
  for (const head of members.heads) {
    touching.fill(0);
    const start = members.start[head] ?? 0;
    const end = start + (behind[head] ?? 0);
    for (let at = start; at < end; at++) {
      const token = members.tokens[at] ?? 0;
      const x = token % gridW;
      if (x > 0) meet(token - 1);
      if (x < gridW - 1) meet(token + 1);
      if (token >= gridW) meet(token - gridW);
      if (token < tokens - gridW) meet(token + gridW);
    }
    headColour[head] = leastCost(touching, hueOfPlace(head, gridW));
  }
  const colours = new Uint8Array(tokens).fill(noColour);
  for (let i = 0; i < tokens; i++) {
    const head = map[i] ?? -1;
    if (head >= 0) colours[i] = headColour[head] ?? noColour;
  }
  return colours;

  function meet(neighbour: number): void {
    const hue = headColour[map[neighbour] ?? -1] ?? noColour;
    if (hue !== noColour) touching[hue] = (touching[hue] ?? 0) + 1;
  }
}

function leastCost(touching: Uint32Array, preferred: number): number {
  let best = preferred;
  let least = Infinity;
  for (let k = 0; k < groupHueCount; k++) {
    const hue = (preferred + k) % groupHueCount;
    let cost = 0;
    for (let other = 0; other < groupHueCount; other++) {
      const times = touching[other] ?? 0;
      if (times > 0) cost += times * (costOfTouching[hue * groupHueCount + other] ?? 0);
    }
    if (cost < least) {
      best = hue;
      least = cost;
      if (cost === 0) break;
    }
  }
  return best;
}

/** The same for every token of a 2×2 cell, whichever of them is the destination; unlike its neighbours'. */
function hueOfPlace(token: number, gridW: number): number {
  const x = (token % gridW) >> 1;
  const y = Math.floor(token / gridW) >> 1;
  return (x * 7 + y * 11) % groupHueCount;
}

/** Members of every group of two or more, one after another in one array; the largest group first. */
function membersByHead(map: Int32Array, behind: Uint32Array) {
  const start = new Uint32Array(behind.length);
  const heads: number[] = [];
  let total = 0;
  for (let head = 0; head < behind.length; head++) {
    const count = behind[head] ?? 0;
    if (count < 2) continue;
    heads.push(head);
    start[head] = total;
    total += count;
  }
  const tokens = new Uint32Array(total);
  const next = start.slice();
  for (let token = 0; token < map.length; token++) {
    const head = map[token] ?? -1;
    if (head < 0 || (behind[head] ?? 0) < 2) continue;
    const at = next[head] ?? 0;
    tokens[at] = token;
    next[head] = at + 1;
  }
  heads.sort((a, b) => (behind[b] ?? 0) - (behind[a] ?? 0) || a - b);
  return { heads, start, tokens };
}
