/** Half-precision numbers as the bit patterns that safetensors stores, widened to f32 without loss. */

const EXPONENT_BIAS = 15;
const MANTISSA_STEPS = 1024;

/** IEEE 754 binary16. */
export function f16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** (1 - EXPONENT_BIAS) * (1 / MANTISSA_STEPS);
  if (exponent === 0x1f) return mantissa === 0 ? sign * Infinity : NaN;
  return sign * (1 + mantissa / MANTISSA_STEPS) * 2 ** (exponent - EXPONENT_BIAS);
}

export function widenF16(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, f16ToNumber);
}

/** bfloat16 is the upper half of an f32. */
export function widenBf16(bits: Uint16Array): Float32Array {
  const words = Uint32Array.from(bits, (half) => (half << 16) >>> 0);
  return new Float32Array(words.buffer);
}
