import { encodeNpy } from '#contract/archive/npy.ts';
import { createDetail } from './detail.ts';
import type { Flow } from './flow.ts';
import { wholeGeometry } from './geometry.ts';
import { createMosaic } from './mosaic.ts';
import type { OverlayMode, Painting } from './paint.ts';

/** What leaves the overlay: a picture of it, or its numbers. */

export interface FrameFacts {
  readonly block: string;
  readonly call: number;
  readonly timestep: number;
  readonly half: 'prompt' | 'negative' | 'both';
}

/**
 * What is shown, as NumPy reads it: [gridH, gridW] i4. For each token the token that stands for it, −1 where it was pruned;
 * over all steps, in how many of them it was merged away.
 */
export function shownNpy({ frame, frequency }: Painting, mode: OverlayMode): Uint8Array {
  const data = mode === 'frequency' ? Int32Array.from(frequency) : frame.map;
  return encodeNpy(data, [frame.gridH, frame.gridW]);
}

export function shownJson({ frame, frequency, stepCount }: Painting, facts: FrameFacts): string {
  const { gridW, gridH, map, destination, merged } = frame;
  const destinations = [...destination.keys()].filter((token) => destination[token] === 1);
  return JSON.stringify({
    ...facts,
    ...{ gridW, gridH, merged, map: [...map], destinations },
    stepCount,
    mergedInSteps: [...frequency],
  });
}

/** Tokens so large that hairlines and rings show, where the picture would not become larger than this. */
const tokenPx = 8;
const longestPx = 4096;

/** Whole multiples of the picture's own size. */
export function exportScale(
  picture: { readonly width: number; readonly height: number },
  { gridW, gridH }: { readonly gridW: number; readonly gridH: number },
): number {
  const wanted = Math.ceil(Math.max((tokenPx * gridW) / picture.width, (tokenPx * gridH) / picture.height));
  const allowed = Math.floor(longestPx / Math.max(picture.width, picture.height));
  return Math.max(1, Math.min(wanted, allowed));
}

export interface ImageOptions {
  readonly mode: OverlayMode;
  readonly opacity: number;
  readonly flow: Flow | undefined;
  /** Absent: the overlay alone on clear ground. */
  readonly picture?: HTMLImageElement | undefined;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** A PNG of the overlay, with or without the picture under it. */
export async function overlayPng(
  painting: Painting,
  { widthPx, heightPx, picture, mode, opacity, flow }: ImageOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const sheet = document.createElement('canvas');
  sheet.width = widthPx;
  sheet.height = heightPx;
  const context = contextOf(sheet);
  context.imageSmoothingEnabled = false;
  if (picture !== undefined) context.drawImage(picture, 0, 0, widthPx, heightPx);
  const mosaic = document.createElement('canvas');
  createMosaic()(mosaic, contextOf(mosaic), painting, mode);
  context.globalAlpha = opacity;
  context.drawImage(mosaic, 0, 0, widthPx, heightPx);
  context.globalAlpha = 1;
  // Marks replace pixels, so they get a sheet of their own.
  const detail = document.createElement('canvas');
  detail.width = widthPx;
  detail.height = heightPx;
  const options = { mode, opacity, token: undefined, flow };
  createDetail()(contextOf(detail), wholeGeometry(widthPx, heightPx), painting, options);
  context.drawImage(detail, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => {
    sheet.toBlob(resolve, 'image/png');
  });
  // What a canvas holds is let go of at once, not when it is collected.
  for (const canvas of [sheet, mosaic, detail]) canvas.width = 0;
  if (blob === null) throw new Error('The browser could not encode the picture.');
  return new Uint8Array(await blob.arrayBuffer());
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('This browser gave no canvas.');
  return context;
}
