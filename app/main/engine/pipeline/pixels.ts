import { invariant } from '#contract/errors.ts';

/** Planes [3, H, W] in −1..1 → H·W·3 bytes, row-major. Values outside are clipped, as every studio does. */
export function toRgb(planes: Float32Array, widthPx: number, heightPx: number): Uint8Array {
  const pixels = widthPx * heightPx;
  invariant(
    planes.length === 3 * pixels,
    `Got ${planes.length} values for ${widthPx}×${heightPx} pixels of three planes.`,
  );
  const rgb = new Uint8ClampedArray(3 * pixels);
  for (let channel = 0; channel < 3; channel++) {
    const plane = planes.subarray(channel * pixels, (channel + 1) * pixels);
    // Uint8ClampedArray rounds half to even and clips.
    for (let i = 0; i < pixels; i++) rgb[3 * i + channel] = ((plane[i] ?? 0) + 1) * 127.5;
  }
  return new Uint8Array(rgb.buffer);
}
