import type { Frame } from './frame.ts';
import { noColour } from './group-colouring.ts';
import { groupColours, heat, heatAlpha, kindColours, pixel } from './palette.ts';

export const overlayModes = ['groups', 'heat', 'kinds', 'flow', 'frequency'] as const;
export type OverlayMode = (typeof overlayModes)[number];

/** What the pixels of one frame are made from. */
export interface Painting {
  readonly frame: Frame;
  /** By group-colouring.ts. */
  readonly colours: Uint8Array;
  readonly frequency: Uint16Array;
  readonly stepCount: number;
}

const clear = 0;
const groupPixels = Uint32Array.from({ length: 256 }, (_, i) => {
  const colour = groupColours[i];
  return i === noColour || colour === undefined ? clear : pixel(colour);
});
const heatLevels = 256;
const heatPixels = Uint32Array.from({ length: heatLevels }, (_, i) => {
  const share = i / (heatLevels - 1);
  return pixel(heat(share), heatAlpha(share));
});
const kindPixels = {
  destination: pixel(kindColours.destination, 0.8),
  merged: pixel(kindColours.merged, 0.62),
  pruned: pixel(kindColours.pruned, 0.8),
};

/** Where a group of so many tokens stands on the scale from 2 to the largest: by doubling, since few groups are large. */
export function heatShare(count: number, maxBehind: number): number {
  if (maxBehind <= 2) return 1;
  return Math.log2(count / 2) / Math.log2(maxBehind / 2);
}

/** Fills one pixel a token, row-major; clear where the picture shows through. Allocates nothing. */
export function paint(out: Uint32Array, mode: OverlayMode, painting: Painting): void {
  const { frame, colours, frequency, stepCount } = painting;
  const tokens = frame.gridW * frame.gridH;
  switch (mode) {
    case 'groups':
      for (let i = 0; i < tokens; i++) out[i] = groupPixels[colours[i] ?? noColour] ?? clear;
      break;
    case 'heat':
      paintHeat(out, frame);
      break;
    case 'kinds':
      paintKinds(out, frame);
      break;
    case 'flow':
      for (let i = 0; i < tokens; i++) out[i] = (frame.map[i] ?? i) < 0 ? kindPixels.pruned : clear;
      break;
    case 'frequency':
      for (let i = 0; i < tokens; i++) {
        const times = frequency[i] ?? 0;
        out[i] = times === 0 ? clear : heatPixel(times / stepCount);
      }
  }
}

function heatPixel(share: number): number {
  return heatPixels[Math.round(Math.min(1, Math.max(0, share)) * (heatLevels - 1))] ?? clear;
}

/** Every token of a group has the colour of how many stand behind the one that is left. */
function paintHeat(out: Uint32Array, { map, behind, maxBehind }: Frame): void {
  for (let i = 0; i < map.length; i++) {
    const head = map[i] ?? -1;
    const count = head < 0 ? 0 : (behind[head] ?? 0);
    out[i] = count < 2 ? clear : heatPixel(heatShare(count, maxBehind));
  }
}

function paintKinds(out: Uint32Array, { map, destination }: Frame): void {
  for (let i = 0; i < map.length; i++) {
    const to = map[i] ?? i;
    if (to < 0) out[i] = kindPixels.pruned;
    else if (to !== i) out[i] = kindPixels.merged;
    else out[i] = destination[i] === 1 ? kindPixels.destination : clear;
  }
}
