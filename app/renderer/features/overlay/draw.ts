import { groupOf, type Frame } from './frame.ts';
import { paint, type OverlayMode, type Painting } from './paint.ts';
import { css, groupColours, kindColours } from './palette.ts';

export interface DrawOptions {
  readonly mode: OverlayMode;
  readonly opacity: number;
  /** The token pointed at, whose group stands out. */
  readonly token: number | undefined;
  /** CSS pixels and how many real ones each has. */
  readonly widthPx: number;
  readonly heightPx: number;
  readonly pixelRatio: number;
}

/** Hairlines between tokens only where they leave room for the colour. */
const hairlineFromPx = 6;
const ringFromPx = 5;

/** Draws frames on a canvas; keeps one small canvas and its pixels, so that scrubbing allocates nothing. */
export function createDrawer() {
  const small = new OffscreenCanvas(1, 1);
  const smallContext = small.getContext('2d');
  let image: ImageData | undefined;

  return (canvas: CanvasRenderingContext2D, painting: Painting, options: DrawOptions): void => {
    const { frame } = painting;
    const { widthPx, heightPx, pixelRatio, opacity, mode } = options;
    if (smallContext === null) return;
    if (image === undefined || image.width !== frame.gridW || image.height !== frame.gridH) {
      small.width = frame.gridW;
      small.height = frame.gridH;
      image = new ImageData(frame.gridW, frame.gridH);
    }
    paint(image.data, mode, painting);
    smallContext.putImageData(image, 0, 0);
    canvas.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
    canvas.clearRect(0, 0, widthPx, heightPx);
    canvas.imageSmoothingEnabled = false;
    canvas.globalAlpha = opacity;
    canvas.drawImage(small, 0, 0, widthPx, heightPx);
    const cell = Math.min(widthPx / frame.gridW, heightPx / frame.gridH);
    if (cell >= hairlineFromPx && mode !== 'flow') drawHairlines(canvas, frame, options);
    if (cell >= ringFromPx && mode === 'groups') drawRings(canvas, frame, options);
    if (mode === 'flow') drawFlow(canvas, painting, options);
    if (options.token !== undefined) drawGroup(canvas, frame, options.token, options);
    canvas.globalAlpha = 1;
  };
}

function drawHairlines(
  canvas: CanvasRenderingContext2D,
  { gridW, gridH }: Frame,
  { widthPx, heightPx }: DrawOptions,
): void {
  canvas.beginPath();
  for (let x = 1; x < gridW; x++) {
    canvas.moveTo((x * widthPx) / gridW, 0);
    canvas.lineTo((x * widthPx) / gridW, heightPx);
  }
  for (let y = 1; y < gridH; y++) {
    canvas.moveTo(0, (y * heightPx) / gridH);
    canvas.lineTo(widthPx, (y * heightPx) / gridH);
  }
  canvas.strokeStyle = 'rgb(0 0 0 / 0.16)';
  canvas.lineWidth = 0.5;
  canvas.stroke();
}

/** A fine ring around each destination that others went to. */
function drawRings(
  canvas: CanvasRenderingContext2D,
  { gridW, gridH, behind }: Frame,
  { widthPx, heightPx }: DrawOptions,
): void {
  const w = widthPx / gridW;
  const h = heightPx / gridH;
  const radius = Math.min(w, h) * 0.26;
  canvas.beginPath();
  behind.forEach((count, i) => {
    if (count < 2) return;
    const x = ((i % gridW) + 0.5) * w;
    const y = (Math.floor(i / gridW) + 0.5) * h;
    canvas.moveTo(x + radius, y);
    canvas.arc(x, y, radius, 0, 2 * Math.PI);
  });
  canvas.strokeStyle = 'rgb(255 255 255 / 0.85)';
  canvas.lineWidth = Math.max(0.75, radius * 0.22);
  canvas.stroke();
}

/** Tapered: wide and faint where a token was, thin and full where it went. One path a hue, so that thousands stay quick. */
function drawFlow(
  canvas: CanvasRenderingContext2D,
  { frame, colours }: Painting,
  { widthPx, heightPx, token }: DrawOptions,
): void {
  const { gridW, gridH, map } = frame;
  const w = widthPx / gridW;
  const h = heightPx / gridH;
  const half = Math.max(0.6, Math.min(w, h) * 0.16);
  const only = token === undefined ? undefined : map[token];
  groupColours.forEach((colour, hue) => {
    canvas.beginPath();
    for (let i = 0; i < map.length; i++) {
      const to = map[i] ?? -1;
      if (to < 0 || to === i || colours[i] !== hue || (only !== undefined && to !== only)) continue;
      const x = ((i % gridW) + 0.5) * w;
      const y = (Math.floor(i / gridW) + 0.5) * h;
      const dx = ((to % gridW) + 0.5) * w - x;
      const dy = (Math.floor(to / gridW) + 0.5) * h - y;
      const length = Math.hypot(dx, dy);
      const nx = (-dy / length) * half;
      const ny = (dx / length) * half;
      canvas.moveTo(x + nx, y + ny);
      canvas.lineTo(x + dx, y + dy);
      canvas.lineTo(x - nx, y - ny);
    }
    canvas.fillStyle = css(colour, 0.9);
    canvas.fill();
  });
}

/** The group under the pointer: its tokens framed, its destination ringed. */
function drawGroup(
  canvas: CanvasRenderingContext2D,
  frame: Frame,
  token: number,
  { widthPx, heightPx }: DrawOptions,
): void {
  const w = widthPx / frame.gridW;
  const h = heightPx / frame.gridH;
  canvas.globalAlpha = 1;
  canvas.beginPath();
  for (const member of groupOf(frame, token))
    canvas.rect((member % frame.gridW) * w, Math.floor(member / frame.gridW) * h, w, h);
  canvas.fillStyle = 'rgb(255 255 255 / 0.28)';
  canvas.fill();
  canvas.strokeStyle = 'rgb(255 255 255 / 0.95)';
  canvas.lineWidth = 1.25;
  canvas.stroke();
  const head = frame.map[token] ?? -1;
  if (head < 0) return;
  canvas.beginPath();
  canvas.rect((head % frame.gridW) * w, Math.floor(head / frame.gridW) * h, w, h);
  canvas.strokeStyle = css(kindColours.destination);
  canvas.lineWidth = 2.25;
  canvas.stroke();
}
