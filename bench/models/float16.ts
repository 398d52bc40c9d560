const MANTISSA_STEPS = 1024;
const EXPONENT_BIAS = 15;
const LARGEST = 65504;
const SMALLEST_NORMAL = 2 ** -14;

/** The IEEE 754 binary16 bits nearest to a number (ties away from zero: enough for random weights). Throws above 65504. */
export function toFloat16(value: number): number {
  const size = Math.abs(value);
  if (!(size <= LARGEST)) throw new RangeError(`${value} does not fit half precision: −${LARGEST} to ${LARGEST}.`);
  const sign = value < 0 ? 0x8000 : 0;
  if (size < SMALLEST_NORMAL) return sign | Math.round((size / SMALLEST_NORMAL) * MANTISSA_STEPS);
  const exponent = Math.floor(Math.log2(size));
  const mantissa = Math.round((size / 2 ** exponent) * MANTISSA_STEPS) - MANTISSA_STEPS;
  // A mantissa that rounds up to the next power of two carries into the exponent by itself.
  return sign | (((exponent + EXPONENT_BIAS) << 10) + mantissa);
}
