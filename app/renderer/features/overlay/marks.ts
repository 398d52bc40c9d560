import { cellPx, Edges, type Geometry } from './geometry.ts';
import type { OverlayMode, Painting } from './paint.ts';
import { pixel } from './palette.ts';

/** Hairlines, rings and hatching need room: below this many CSS pixels a token has only its colour. */
export const marksFromPx = 6;

/** Which marks a mode has. */
const has = {
  grout: (mode: OverlayMode): boolean => mode !== 'flow',
  rings: (mode: OverlayMode): boolean => mode === 'groups' || mode === 'kinds',
  hatching: (mode: OverlayMode): boolean => mode === 'kinds',
};

export function wantsMarks(geometry: Geometry, { frame }: Painting, mode: OverlayMode): boolean {
  return has.grout(mode) && cellPx(geometry, frame) >= marksFromPx * geometry.pixelRatio;
}

/**
 * Sets the pixels of grout (lines between tokens, strong between groups), of a ring in every destination that others went
 * to, and of hatching. By hand: paths of ten thousand pieces take a canvas many times as long. One per canvas; keeps its
 * scratch, so that scrubbing allocates nothing.
 */
export function createMarks() {
  const edges = new Edges();
  const ring = createRing();

  return (out: Uint32Array, geometry: Geometry, painting: Painting, mode: OverlayMode, opacity: number) => {
    const { frame } = painting;
    const { canvasW, canvasH, pixelRatio } = geometry;
    out.fill(0);
    edges.set(geometry, frame);
    const grid = { out, edges, canvasW, canvasH };
    if (has.hatching(mode)) hatch(grid, painting, pixelRatio, opacity);
    grout(grid, painting, mode, pixelRatio, opacity);
    if (has.rings(mode)) {
      ring.fit(cellPx(geometry, frame), pixelRatio, opacity);
      for (let i = 0; i < frame.behind.length; i++) {
        if ((frame.behind[i] ?? 0) < 2) continue;
        const x = i % frame.gridW;
        const y = (i - x) / frame.gridW;
        ring.stamp(
          grid,
          ((edges.x[x] ?? 0) + (edges.x[x + 1] ?? 0)) >> 1,
          ((edges.y[y] ?? 0) + (edges.y[y + 1] ?? 0)) >> 1,
        );
      }
    }
  };
}

interface Raster {
  readonly out: Uint32Array;
  readonly edges: Edges;
  readonly canvasW: number;
  readonly canvasH: number;
}

/** Clipped to the canvas. Pixel by pixel: most pieces are a pixel wide, and a call for each row of them costs more. */
function fill(
  { out, canvasW, canvasH }: Raster,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  colour: number,
): void {
  const left = x0 < 0 ? 0 : x0;
  const right = x1 > canvasW ? canvasW : x1;
  const bottom = y1 > canvasH ? canvasH : y1;
  for (let y = y0 < 0 ? 0 : y0; y < bottom; y++)
    for (let at = y * canvasW + left; at < y * canvasW + right; at++) out[at] = colour;
}

function grout(
  raster: Raster,
  { frame }: Painting,
  mode: OverlayMode,
  pixelRatio: number,
  opacity: number,
): void {
  const { gridW, gridH, map } = frame;
  const { edges, canvasW, canvasH } = raster;
  const weak = pixel([0, 0, 0], 0.14 * opacity);
  const strong = pixel([8, 9, 12], (mode === 'frequency' ? 0.14 : 0.62) * opacity);
  const thick = Math.max(1, Math.round(pixelRatio));
  for (let y = 0; y < gridH; y++) {
    const y0 = edges.y[y] ?? 0;
    const y1 = edges.y[y + 1] ?? 0;
    if (y1 < 0 || y0 > canvasH) continue;
    for (let x = 0; x < gridW; x++) {
      const x0 = edges.x[x] ?? 0;
      const x1 = edges.x[x + 1] ?? 0;
      if (x1 < 0 || x0 > canvasW) continue;
      const token = y * gridW + x;
      const here = map[token];
      // The line lies on the last pixel of the token, and on the first of its neighbour where lines are thick.
      if (x < gridW - 1)
        fill(raster, x1 - 1, y0, x1 - 1 + thick, y1, map[token + 1] === here ? weak : strong);
      if (y < gridH - 1)
        fill(raster, x0, y1 - 1, x1, y1 - 1 + thick, map[token + gridW] === here ? weak : strong);
    }
  }
}

/** Merged tokens are hatched one way, pruned ones both ways: their kind can be told without colours. */
function hatch(raster: Raster, { frame }: Painting, pixelRatio: number, opacity: number): void {
  const { gridW, gridH, map } = frame;
  const { out, edges, canvasW, canvasH } = raster;
  const colour = pixel([6, 10, 24], 0.5 * opacity);
  const period = Math.max(4, Math.round(5 * pixelRatio));
  const thick = Math.max(1, Math.round(pixelRatio));
  for (let token = 0; token < gridW * gridH; token++) {
    const to = map[token] ?? token;
    if (to === token) continue;
    const column = token % gridW;
    const row = (token - column) / gridW;
    const [left, right] = [Math.max(0, edges.x[column] ?? 0), Math.min(canvasW, edges.x[column + 1] ?? 0)];
    const bottom = Math.min(canvasH, edges.y[row + 1] ?? 0);
    for (let y = Math.max(0, edges.y[row] ?? 0); y < bottom; y++)
      for (let x = left; x < right; x++)
        if ((x + y) % period < thick || (to < 0 && (x - y + canvasH * period) % period < thick))
          out[y * canvasW + x] = colour;
  }
}

/** A ring with a thin dark edge, as pixels made once for a size. */
function createRing() {
  let side = 0;
  let pixels = new Uint32Array();
  let key = '';
  return {
    fit(cell: number, pixelRatio: number, opacity: number): void {
      const now = `${cell.toFixed(2)} ${pixelRatio} ${opacity}`;
      if (now === key) return;
      key = now;
      const radius = Math.min(cell * 0.24, 9 * pixelRatio);
      const half = Math.max(0.55 * pixelRatio, Math.min(radius * 0.2, 1.1 * pixelRatio));
      const reach = Math.ceil(radius + half + 1.5);
      side = 2 * reach;
      pixels = new Uint32Array(side * side);
      for (let y = 0; y < side; y++)
        for (let x = 0; x < side; x++) {
          const away = Math.abs(Math.hypot(x + 0.5 - reach, y + 0.5 - reach) - radius);
          const light = Math.min(1, Math.max(0, half + 0.5 - away));
          const dark = 0.5 * Math.min(1, Math.max(0, half + 1.5 - away));
          const alpha = light + dark * (1 - light);
          const tone = alpha === 0 ? 0 : Math.round((255 * light) / alpha);
          pixels[y * side + x] = alpha < 0.04 ? 0 : pixel([tone, tone, tone], alpha * opacity);
        }
    },
    stamp({ out, canvasW, canvasH }: Raster, middleX: number, middleY: number): void {
      const left = middleX - side / 2;
      const top = middleY - side / 2;
      if (left >= canvasW || top >= canvasH || left + side <= 0 || top + side <= 0) return;
      for (let y = Math.max(0, -top); y < Math.min(side, canvasH - top); y++)
        for (let x = Math.max(0, -left); x < Math.min(side, canvasW - left); x++) {
          const colour = pixels[y * side + x] ?? 0;
          if (colour !== 0) out[(top + y) * canvasW + left + x] = colour;
        }
    },
  };
}
