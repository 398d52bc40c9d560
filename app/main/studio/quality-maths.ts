/** How close two pictures are. */
export interface Rgb {
  /** Row-major, three bytes a pixel. */
  readonly data: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface Closeness {
  /** Peak signal-to-noise ratio in dB over all three channels; null = equal, which would be infinite. */
  readonly psnrDb: number | null;
  /** Mean structural similarity of the luma, 1 = equal. */
  readonly ssim: number;
}

const peak = 255;

/** Undefined where the sizes differ. */
export function compareRgb(a: Rgb, b: Rgb): Closeness | undefined {
  if (a.widthPx !== b.widthPx || a.heightPx !== b.heightPx) return undefined;
  let squares = 0;
  for (let i = 0; i < a.data.length; i++) squares += ((a.data[i] ?? 0) - (b.data[i] ?? 0)) ** 2;
  const mse = squares / a.data.length;
  return {
    psnrDb: mse === 0 ? null : 10 * Math.log10(peak ** 2 / mse),
    ssim: ssim(luma(a), luma(b), a.widthPx, a.heightPx),
  };
}

/** ITU-R BT.601, as skimage's and torchmetrics' users take it. */
function luma({ data }: Rgb): Float64Array {
  return Float64Array.from({ length: data.length / 3 }, (_, i) => {
    const [r = 0, g = 0, b = 0] = data.subarray(3 * i, 3 * i + 3);
    return 0.299 * r + 0.587 * g + 0.114 * b;
  });
}

const sigma = 1.5;
const radius = 5;
const kernel = (() => {
  const weights = Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
})();
const c1 = (0.01 * peak) ** 2;
const c2 = (0.03 * peak) ** 2;

/** Wang, Bovik, Sheikh, Simoncelli 2004: an 11×11 Gaussian of σ 1.5; borders repeat the edge pixel. */
function ssim(x: Float64Array, y: Float64Array, w: number, h: number): number {
  const product = (p: Float64Array, q: Float64Array) => p.map((value, i) => value * (q[i] ?? 0));
  const [mx, my, mxx, myy, mxy] = [x, y, product(x, x), product(y, y), product(x, y)].map((map) =>
    blur(map, w, h),
  );
  if (mx === undefined || my === undefined || mxx === undefined || myy === undefined || mxy === undefined)
    return 0;
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const ax = mx[i] ?? 0;
    const ay = my[i] ?? 0;
    const vx = (mxx[i] ?? 0) - ax * ax;
    const vy = (myy[i] ?? 0) - ay * ay;
    const vxy = (mxy[i] ?? 0) - ax * ay;
    sum += ((2 * ax * ay + c1) * (2 * vxy + c2)) / ((ax * ax + ay * ay + c1) * (vx + vy + c2));
  }
  return sum / x.length;
}

function blur(map: Float64Array, w: number, h: number): Float64Array {
  return pass(pass(map, w, h, 1), w, h, w);
}

/** One direction: stride 1 along rows, stride w along columns. */
function pass(map: Float64Array, w: number, h: number, stride: number): Float64Array {
  const length = stride === 1 ? w : h;
  const out = new Float64Array(map.length);
  for (let i = 0; i < map.length; i++) {
    const at = stride === 1 ? i % w : Math.floor(i / w);
    let sum = 0;
    for (let k = -radius; k <= radius; k++) {
      const to = Math.min(length - 1, Math.max(0, at + k));
      sum += (kernel[k + radius] ?? 0) * (map[i + (to - at) * stride] ?? 0);
    }
    out[i] = sum;
  }
  return out;
}
