/** Where the picture lies on a canvas, in real pixels of the screen. The canvas shows a part of it, or all. */
export interface Geometry {
  readonly canvasW: number;
  readonly canvasH: number;
  /** The picture's corner, from the canvas's. */
  readonly left: number;
  readonly top: number;
  readonly pictureW: number;
  readonly pictureH: number;
  /** Real pixels in one CSS pixel. */
  readonly pixelRatio: number;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The canvas that covers what can be seen of the picture: on whole pixels of the screen, so that nothing is blurred. */
export interface VisiblePart {
  readonly geometry: Geometry;
  /** CSS pixels from the picture's corner. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Both boxes in CSS pixels of the window. Undefined where nothing of the picture is in sight. */
export function visiblePart(picture: Box, clip: Box, pixelRatio: number): VisiblePart | undefined {
  const x0 = Math.floor(Math.max(picture.left, clip.left) * pixelRatio);
  const y0 = Math.floor(Math.max(picture.top, clip.top) * pixelRatio);
  const x1 = Math.ceil(Math.min(picture.left + picture.width, clip.left + clip.width) * pixelRatio);
  const y1 = Math.ceil(Math.min(picture.top + picture.height, clip.top + clip.height) * pixelRatio);
  if (x1 <= x0 || y1 <= y0) return undefined;
  return {
    geometry: {
      canvasW: x1 - x0,
      canvasH: y1 - y0,
      left: picture.left * pixelRatio - x0,
      top: picture.top * pixelRatio - y0,
      pictureW: picture.width * pixelRatio,
      pictureH: picture.height * pixelRatio,
      pixelRatio,
    },
    left: x0 / pixelRatio - picture.left,
    top: y0 / pixelRatio - picture.top,
    width: (x1 - x0) / pixelRatio,
    height: (y1 - y0) / pixelRatio,
  };
}

/** A whole picture of this many pixels, as it is exported. */
export function wholeGeometry(widthPx: number, heightPx: number): Geometry {
  return {
    canvasW: widthPx,
    canvasH: heightPx,
    left: 0,
    top: 0,
    pictureW: widthPx,
    pictureH: heightPx,
    pixelRatio: 1,
  };
}

export interface Grid {
  readonly gridW: number;
  readonly gridH: number;
}

/** The shorter side of a token, in real pixels. */
export function cellPx({ pictureW, pictureH }: Geometry, { gridW, gridH }: Grid): number {
  return Math.min(pictureW / gridW, pictureH / gridH);
}

/** First pixel of each column and row of tokens, and one past the last: where the scaled mosaic has its edges too. */
export class Edges {
  x = new Int32Array();
  y = new Int32Array();

  set({ left, top, pictureW, pictureH }: Geometry, { gridW, gridH }: Grid): void {
    if (this.x.length !== gridW + 1) this.x = new Int32Array(gridW + 1);
    if (this.y.length !== gridH + 1) this.y = new Int32Array(gridH + 1);
    for (let i = 0; i <= gridW; i++) this.x[i] = Math.ceil(left + (i * pictureW) / gridW - 0.5);
    for (let i = 0; i <= gridH; i++) this.y[i] = Math.ceil(top + (i * pictureH) / gridH - 0.5);
  }
}
