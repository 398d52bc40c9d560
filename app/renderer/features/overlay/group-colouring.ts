import type { Frame } from './frame.ts';
import { groupHueCount } from './palette.ts';

const none = 255;

/**
 * A colour number for each group of two or more, so that touching groups differ: each takes the first hue that no
 * neighbour has. Tokens that stand alone get 255: they stay clear.
 */
export function colourGroups({ map, behind, gridW, gridH }: Frame): Uint8Array {
  const tokens = gridW * gridH;
  const headColour = new Uint8Array(tokens).fill(none);
  const taken = new Uint8Array(groupHueCount);
  const members = membersByHead(map, behind);
  for (const head of members.heads) {
    taken.fill(0);
    const start = members.start[head] ?? 0;
    const end = start + (behind[head] ?? 0);
    for (let at = start; at < end; at++) {
      const token = members.tokens[at] ?? 0;
      const x = token % gridW;
      const mark = (other: number): void => {
        const hue = headColour[map[other] ?? -1];
        if (hue !== undefined && hue !== none) taken[hue] = 1;
      };
      if (x > 0) mark(token - 1);
      if (x < gridW - 1) mark(token + 1);
      if (token >= gridW) mark(token - gridW);
      if (token < tokens - gridW) mark(token + gridW);
    }
    // Begins at a place of its own, so that far groups do not all share the first hues.
    const first = (head * 7) % groupHueCount;
    let hue = first;
    for (let i = 0; i < groupHueCount; i++) {
      hue = (first + i) % groupHueCount;
      if (taken[hue] === 0) break;
    }
    headColour[head] = hue;
  }
  const colours = new Uint8Array(tokens).fill(none);
  for (let i = 0; i < tokens; i++) {
    const head = map[i] ?? -1;
    if (head >= 0) colours[i] = headColour[head] ?? none;
  }
  return colours;
}

/** Members of every group of two or more, one after another in one array. */
function membersByHead(map: Int32Array, behind: Uint16Array) {
  const start = new Uint32Array(behind.length);
  const heads: number[] = [];
  let total = 0;
  behind.forEach((count, head) => {
    if (count < 2) return;
    heads.push(head);
    start[head] = total;
    total += count;
  });
  const tokens = new Uint32Array(total);
  const next = start.slice();
  map.forEach((head, token) => {
    if (head < 0 || (behind[head] ?? 0) < 2) return;
    const at = next[head] ?? 0;
    tokens[at] = token;
    next[head] = at + 1;
  });
  return { heads, start, tokens };
}

export const noColour = none;
