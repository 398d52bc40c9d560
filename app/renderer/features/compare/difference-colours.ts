import { css, oklch, type Rgb } from '../overlay/palette.ts';
import { fullScale } from './difference.ts';

/** A diverging map: blue where B is darker, amber where it is lighter, the ground of the window at zero. */
interface End {
  readonly lightness: number;
  readonly chroma: number;
  readonly hue: number;
}
interface Diverging {
  readonly zero: number;
  readonly darker: End;
  readonly lighter: End;
}

const maps: Record<'dark' | 'light', Diverging> = {
  dark: {
    zero: 0.16,
    darker: { lightness: 0.74, chroma: 0.12, hue: 245 },
    lighter: { lightness: 0.84, chroma: 0.14, hue: 75 },
  },
  light: {
    zero: 0.975,
    darker: { lightness: 0.44, chroma: 0.14, hue: 255 },
    lighter: { lightness: 0.54, chroma: 0.13, hue: 55 },
  },
};

/** −1 to 1: even steps of lightness and chroma from zero to either end. */
export function divergingColour(share: number, theme: 'dark' | 'light'): Rgb {
  const { zero, darker, lighter } = maps[theme];
  const end = share < 0 ? darker : lighter;
  const amount = Math.min(1, Math.abs(share));
  return oklch(zero + (end.lightness - zero) * amount, end.chroma * amount, end.hue);
}

/** RGBA for every difference from −255 to 255. */
export function divergingTable(theme: 'dark' | 'light'): Uint8ClampedArray<ArrayBuffer> {
  const table = new Uint8ClampedArray(4 * (2 * fullScale + 1));
  for (let value = -fullScale; value <= fullScale; value++)
    table.set([...divergingColour(value / fullScale, theme), 255], 4 * (value + fullScale));
  return table;
}

export function divergingGradient(theme: 'dark' | 'light'): string {
  const stops = Array.from({ length: 11 }, (_, i) => css(divergingColour((i - 5) / 5, theme)));
  return `linear-gradient(90deg, ${stops.join(', ')})`;
}
