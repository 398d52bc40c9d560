import { paint, type OverlayMode, type Painting } from './paint.ts';

/** Puts a frame on a canvas of one pixel a token; the page scales it up. Keeps its pixels, so that scrubbing allocates nothing. */
export function createMosaic() {
  let image: ImageData | undefined;
  let pixels = new Uint32Array();

  return (
    canvas: HTMLCanvasElement | OffscreenCanvas,
    context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
    painting: Painting,
    mode: OverlayMode,
  ): void => {
    const { gridW, gridH } = painting.frame;
    if (canvas.width !== gridW) canvas.width = gridW;
    if (canvas.height !== gridH) canvas.height = gridH;
    if (image?.width !== gridW || image.height !== gridH) {
      image = new ImageData(gridW, gridH);
      pixels = new Uint32Array(image.data.buffer);
    }
    paint(pixels, mode, painting);
    context.putImageData(image, 0, 0);
  };
}
