import { kindOf, type Frame } from './frame.ts';
import { noColour } from './group-colouring.ts';
import { groupColours, heat, kindColours, type Rgb } from './palette.ts';

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

/** Fills one pixel a token, row-major RGBA; alpha 0 where the picture shows through. */
export function paint(out: Uint8ClampedArray, mode: OverlayMode, painting: Painting): void {
  const colourOf = painter(mode, painting);
  const tokens = painting.frame.gridW * painting.frame.gridH;
  for (let i = 0; i < tokens; i++) {
    const colour = colourOf(i);
    out[4 * i] = colour?.[0] ?? 0;
    out[4 * i + 1] = colour?.[1] ?? 0;
    out[4 * i + 2] = colour?.[2] ?? 0;
    out[4 * i + 3] = colour === undefined ? 0 : 255;
  }
}

function painter(
  mode: OverlayMode,
  { frame, colours, frequency, stepCount }: Painting,
): (token: number) => Rgb | undefined {
  switch (mode) {
    case 'groups':
      return (i) => (colours[i] === noColour ? undefined : groupColours[colours[i] ?? 0]);
    case 'heat': {
      // Alone is nothing: the scale begins at two.
      const scale = Math.max(1, frame.maxBehind - 1);
      return (i) => {
        const head = frame.map[i] ?? -1;
        const count = head < 0 ? 0 : (frame.behind[head] ?? 0);
        return count < 2 ? undefined : heat((count - 1) / scale);
      };
    }
    case 'kinds':
      return (i) => {
        const kind = kindOf(frame, i);
        return kind === 'kept' ? undefined : kindColours[kind];
      };
    case 'flow':
      return (i) => (kindOf(frame, i) === 'pruned' ? kindColours.pruned : undefined);
    case 'frequency':
      return (i) => {
        const times = frequency[i] ?? 0;
        return times === 0 ? undefined : heat(times / stepCount);
      };
  }
}
