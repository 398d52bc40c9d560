import { encodeNpy } from '#contract/archive/npy.ts';
import type { Frame } from './frame.ts';
import { createDrawer } from './draw.ts';
import type { OverlayMode, Painting } from './paint.ts';

/** What leaves the overlay: a picture of it, or its numbers. */

/** The frame's map as NumPy reads it: [gridH, gridW] i4, token → the token that stands for it. */
export function frameNpy({ map, gridW, gridH }: Frame): Uint8Array {
  return encodeNpy(map, [gridH, gridW]);
}

export function frameJson(frame: Frame, facts: { block: string; call: number; timestep: number }): string {
  const { gridW, gridH, map, destination, merged } = frame;
  const destinations = [...destination.keys()].filter((token) => destination[token] === 1);
  return JSON.stringify({ ...facts, gridW, gridH, merged, map: [...map], destinations });
}

export interface ImageOptions {
  readonly mode: OverlayMode;
  readonly opacity: number;
  /** Absent: the overlay alone on clear ground. */
  readonly picture?: HTMLImageElement | undefined;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** A PNG of the overlay, with or without the picture under it. */
export async function overlayPng(
  painting: Painting,
  options: ImageOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { widthPx, heightPx, picture, mode, opacity } = options;
  const layer = document.createElement('canvas');
  layer.width = widthPx;
  layer.height = heightPx;
  const context = layer.getContext('2d');
  if (context === null) throw new Error('This browser gave no canvas.');
  createDrawer()(context, painting, { mode, opacity, token: undefined, widthPx, heightPx, pixelRatio: 1 });
  if (picture !== undefined) {
    context.globalCompositeOperation = 'destination-over';
    context.drawImage(picture, 0, 0, widthPx, heightPx);
  }
  const blob = await new Promise<Blob | null>((resolve) => {
    layer.toBlob(resolve, 'image/png');
  });
  if (blob === null) throw new Error('The browser could not encode the picture.');
  return new Uint8Array(await blob.arrayBuffer());
}
