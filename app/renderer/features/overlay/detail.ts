import { flowOf, numbersPerLine, type Flow } from './flow.ts';
import { groupOf, type Frame } from './frame.ts';
import { cellPx, wholeGeometry, type Geometry } from './geometry.ts';
import { createMarks, wantsMarks } from './marks.ts';
import type { OverlayMode, Painting } from './paint.ts';
import { css, groupColours, kindColours } from './palette.ts';

export interface DetailOptions {
  readonly mode: OverlayMode;
  readonly opacity: number;
  /** The token pointed at, whose group stands out. */
  readonly token: number | undefined;
  readonly flow: Flow | undefined;
}

/** Draws what is finer than a token, on a canvas of the screen's own pixels: marks, flow lines, the group pointed at. */
export function createDetail() {
  const mark = createMarks();
  let image: ImageData | undefined;
  let pixels = new Uint32Array();

  return (
    canvas: CanvasRenderingContext2D,
    geometry: Geometry,
    painting: Painting,
    { mode, opacity, token, flow }: DetailOptions,
  ): void => {
    const { canvasW, canvasH } = geometry;
    if (wantsMarks(geometry, painting, mode)) {
      if (image?.width !== canvasW || image.height !== canvasH) {
        image = new ImageData(canvasW, canvasH);
        pixels = new Uint32Array(image.data.buffer);
      }
      mark(pixels, geometry, painting, mode, opacity);
      canvas.putImageData(image, 0, 0);
    } else canvas.clearRect(0, 0, canvasW, canvasH);
    if (flow !== undefined && token === undefined) drawFlow(canvas, geometry, painting.frame, flow, opacity);
    if (token !== undefined) {
      drawVeil(canvas, geometry, painting.frame, token);
      drawWays(canvas, geometry, painting, token);
      drawGroup(canvas, geometry, painting.frame, token);
    }
  };
}

/** Tapered: wide where tokens were, a point where they went. One path a hue. */
function drawFlow(
  canvas: CanvasRenderingContext2D,
  geometry: Geometry,
  frame: Frame,
  { lines, lineCount, tile }: Flow,
  opacity: number,
): void {
  const { left, top, pixelRatio } = geometry;
  const w = geometry.pictureW / frame.gridW;
  const h = geometry.pictureH / frame.gridH;
  const most = lines[(lineCount - 1) * numbersPerLine + 4] ?? 1;
  const half = (tokens: number): number =>
    tile === 1
      ? Math.max(0.8 * pixelRatio, Math.min(w, h) * 0.16)
      : (0.6 + 3 * Math.sqrt(tokens / most)) * pixelRatio;
  canvas.globalAlpha = opacity;
  groupColours.forEach((colour, hue) => {
    canvas.beginPath();
    for (let at = 0; at < lineCount * numbersPerLine; at += numbersPerLine) {
      if (lines[at + 5] !== hue) continue;
      taper(
        canvas,
        left + (lines[at] ?? 0) * w,
        top + (lines[at + 1] ?? 0) * h,
        left + (lines[at + 2] ?? 0) * w,
        top + (lines[at + 3] ?? 0) * h,
        half(lines[at + 4] ?? 1),
      );
    }
    canvas.fillStyle = css(colour);
    canvas.fill();
  });
  canvas.globalAlpha = 1;
}

function taper(
  canvas: CanvasRenderingContext2D,
  x: number,
  y: number,
  toX: number,
  toY: number,
  half: number,
): void {
  const length = Math.hypot(toX - x, toY - y);
  const nx = (-(toY - y) / length) * half;
  const ny = ((toX - x) / length) * half;
  canvas.moveTo(x + nx, y + ny);
  canvas.lineTo(toX, toY);
  canvas.lineTo(x - nx, y - ny);
  canvas.closePath();
}

/** The lines of one group, all of them. */
function drawWays(
  canvas: CanvasRenderingContext2D,
  geometry: Geometry,
  { frame, colours }: Painting,
  token: number,
): void {
  const { left, top, pixelRatio } = geometry;
  const w = geometry.pictureW / frame.gridW;
  const h = geometry.pictureH / frame.gridH;
  const head = frame.map[token] ?? -1;
  const members = groupOf(frame, token);
  if (head < 0 || members.length < 2) return;
  const x = (at: number): number => left + ((at % frame.gridW) + 0.5) * w;
  const y = (at: number): number => top + (Math.floor(at / frame.gridW) + 0.5) * h;
  canvas.beginPath();
  const half = Math.max(1.2 * pixelRatio, cellPx(geometry, frame) * 0.16);
  for (const member of members)
    if (member !== head) taper(canvas, x(member), y(member), x(head), y(head), half);
  canvas.fillStyle = css(groupColours[colours[head] ?? 0] ?? [255, 255, 255]);
  canvas.fill();
}

/** Everything but the group steps back. */
function drawVeil(
  canvas: CanvasRenderingContext2D,
  { canvasW, canvasH, left, top, pictureW, pictureH }: Geometry,
  frame: Frame,
  token: number,
): void {
  const { gridW, gridH } = frame;
  const x = (column: number): number => Math.round(left + (column * pictureW) / gridW);
  const y = (row: number): number => Math.round(top + (row * pictureH) / gridH);
  canvas.beginPath();
  canvas.rect(0, 0, canvasW, canvasH);
  for (const member of groupOf(frame, token)) {
    const column = member % gridW;
    const row = Math.floor(member / gridW);
    canvas.rect(x(column), y(row), x(column + 1) - x(column), y(row + 1) - y(row));
  }
  canvas.fillStyle = 'rgb(8 9 12 / 0.5)';
  canvas.fill('evenodd');
}

/** The group pointed at: outlined light on dark so that it shows on any picture; its destination framed in amber. */
function drawGroup(canvas: CanvasRenderingContext2D, geometry: Geometry, frame: Frame, token: number): void {
  const { pixelRatio } = geometry;
  const head = frame.map[token] ?? -1;
  outline(canvas, geometry, frame, (other) => other === token || (head >= 0 && frame.map[other] === head));
  canvas.strokeStyle = 'rgb(0 0 0 / 0.65)';
  canvas.lineWidth = 3.5 * pixelRatio;
  canvas.stroke();
  canvas.strokeStyle = 'rgb(255 255 255 / 0.95)';
  canvas.lineWidth = 1.5 * pixelRatio;
  canvas.stroke();
  outline(canvas, geometry, frame, (other) => other === token);
  canvas.lineWidth = 2.5 * pixelRatio;
  canvas.stroke();
  if (head < 0) return;
  outline(canvas, geometry, frame, (other) => other === head);
  canvas.strokeStyle = 'rgb(0 0 0 / 0.65)';
  canvas.lineWidth = 5 * pixelRatio;
  canvas.stroke();
  canvas.strokeStyle = css(kindColours.destination);
  canvas.lineWidth = 2.5 * pixelRatio;
  canvas.stroke();
}

/** A path along every edge between a token that is in and one that is not. */
function outline(
  canvas: CanvasRenderingContext2D,
  { left, top, pictureW, pictureH }: Geometry,
  { gridW, gridH }: Frame,
  isIn: (token: number) => boolean,
): void {
  const x = (column: number): number => Math.round(left + (column * pictureW) / gridW);
  const y = (row: number): number => Math.round(top + (row * pictureH) / gridH);
  canvas.lineCap = 'square';
  canvas.beginPath();
  for (let row = 0; row < gridH; row++)
    for (let column = 0; column < gridW; column++) {
      const token = row * gridW + column;
      if (!isIn(token)) continue;
      const line = (x0: number, y0: number, x1: number, y1: number): void => {
        canvas.moveTo(x(x0), y(y0));
        canvas.lineTo(x(x1), y(y1));
      };
      if (row === 0 || !isIn(token - gridW)) line(column, row, column + 1, row);
      if (row === gridH - 1 || !isIn(token + gridW)) line(column, row + 1, column + 1, row + 1);
      if (column === 0 || !isIn(token - 1)) line(column, row, column, row + 1);
      if (column === gridW - 1 || !isIn(token + 1)) line(column + 1, row, column + 1, row + 1);
    }
}

const smallSidePx = 192;
const mostSmallLines = 250;

/** A thumbnail of the flow. */
export function drawSmallFlow(
  canvas: HTMLCanvasElement,
  context: CanvasRenderingContext2D,
  painting: Painting,
): void {
  const { frame, colours } = painting;
  const scale = smallSidePx / Math.max(frame.gridW, frame.gridH);
  canvas.width = Math.round(frame.gridW * scale);
  canvas.height = Math.round(frame.gridH * scale);
  const geometry = wholeGeometry(canvas.width, canvas.height);
  drawFlow(context, geometry, frame, flowOf(frame, colours, mostSmallLines), 1);
}
