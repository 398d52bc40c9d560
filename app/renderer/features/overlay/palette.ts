/** Colours of the overlay, as bytes for pixels. */
export type Rgb = readonly [number, number, number];

/** OKLCH to sRGB (Björn Ottosson, "A perceptual color space for image processing", 2020). Out of range is clipped. */
export function oklch(lightness: number, chroma: number, hueDegrees: number): Rgb {
  const hue = (hueDegrees * Math.PI) / 180;
  const a = chroma * Math.cos(hue);
  const b = chroma * Math.sin(hue);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    toByte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    toByte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    toByte(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function toByte(linear: number): number {
  const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.round(255 * Math.min(1, Math.max(0, value)));
}

const goldenAngle = 137.508;
export const groupHueCount = 24;
export const groupHues: readonly number[] = Array.from(
  { length: groupHueCount },
  (_, i) => (40 + i * goldenAngle) % 360,
);
/** At equal lightness and chroma. */
export const groupColours: readonly Rgb[] = groupHues.map((hue) => oklch(0.74, 0.13, hue));

/** Cividis (Nuñez, Anderton, Renslow 2018): even steps for every eye. */
const cividis: readonly Rgb[] = [
  [0, 32, 76],
  [0, 51, 111],
  [57, 72, 107],
  [87, 93, 109],
  [112, 113, 115],
  [138, 135, 121],
  [166, 157, 117],
  [196, 181, 108],
  [228, 207, 91],
  [255, 234, 70],
];

/** 0 to 1. */
export function heat(share: number): Rgb {
  const at = Math.min(1, Math.max(0, share)) * (cividis.length - 1);
  const low = cividis[Math.floor(at)] ?? [0, 0, 0];
  const high = cividis[Math.ceil(at)] ?? low;
  const part = at - Math.floor(at);
  const mix = (i: 0 | 1 | 2) => Math.round(low[i] * (1 - part) + high[i] * part);
  return [mix(0), mix(1), mix(2)];
}

/** A place of the scale shows the more of the picture the nearer it is to nothing. */
export function heatAlpha(share: number): number {
  return 0.72 + 0.28 * Math.min(1, Math.max(0, share));
}

export const kindColours = {
  destination: oklch(0.8, 0.14, 75),
  merged: oklch(0.66, 0.12, 245),
  pruned: oklch(0.66, 0.17, 25),
} as const;

export function css([r, g, b]: Rgb, alpha = 1): string {
  return `rgb(${r} ${g} ${b} / ${alpha})`;
}

/** As one little-endian 32-bit pixel, the way ImageData lies in memory. */
export function pixel([r, g, b]: Rgb, alpha = 1): number {
  return ((Math.round(alpha * 255) << 24) | (b << 16) | (g << 8) | r) >>> 0;
}
