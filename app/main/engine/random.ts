/*
 * Normal noise equal to torch's CPU generator for the same seed, so that a seed gives the picture that diffusers gives.
 * Sources: Matsumoto & Nishimura 1998 (MT19937); pytorch v2.9.0, aten/src/ATen/core/MT19937RNGEngine.h,
 * core/DistributionsHelper.h and native/cpu/DistributionTemplates.h (normal_fill).
 */

const stateLength = 624;
const shiftLength = 397;
/** At this many values and more, torch draws in blocks of sixteen, in float32. */
const blockLength = 16;

const { cos, fround, log, log1p, sin, sqrt } = Math;
const twoPi = 2 * Math.PI;

export interface TorchGenerator {
  /** The next `count` values of the standard normal distribution, as one torch.randn of that many values. */
  randn(count: number): Float32Array;
}

/** Like torch.Generator().manual_seed(seed): of the seed, the lowest 32 bits count. */
export function createTorchGenerator(seed: number): TorchGenerator {
  const nextUint32 = createMersenneTwister(Number(BigInt.asUintN(32, BigInt(seed))));
  /** Draws of less than a block make normal values by twos; the odd one waits for the next draw. */
  let waiting: number | undefined;

  const nextUniformF32 = (): number => (nextUint32() & 0xffffff) / 2 ** 24;
  const nextUniformF64 = (): number => {
    const high = nextUint32() & 0x1fffff;
    return (high * 2 ** 32 + nextUint32()) / 2 ** 53;
  };

  const nextNormal = (): number => {
    if (waiting !== undefined) {
      const value = waiting;
      waiting = undefined;
      return value;
    }
    const angle = twoPi * nextUniformF64();
    const radius = sqrt(-2 * log1p(-nextUniformF64()));
    waiting = radius * sin(angle);
    return radius * cos(angle);
  };

  return {
    randn(count) {
      const values = new Float32Array(count);
      if (count < blockLength) return values.map(nextNormal);
      for (let i = 0; i < count; i += 1) values[i] = nextUniformF32();
      for (let start = 0; start + blockLength <= count; start += blockLength) {
        makeBlockNormal(values, start);
      }
      if (count % blockLength !== 0) {
        // The last sixteen values are drawn anew, over the end of the last whole block.
        const start = count - blockLength;
        for (let i = start; i < count; i += 1) values[i] = nextUniformF32();
        makeBlockNormal(values, start);
      }
      return values;
    },
  };
}

/** Box–Muller on sixteen uniform values in place: eight radii, then eight angles. Rounded to float32 where torch rounds. */
function makeBlockNormal(values: Float32Array, start: number): void {
  const half = blockLength / 2;
  for (let i = start; i < start + half; i += 1) {
    const radius = fround(sqrt(fround(-2 * fround(log(1 - (values[i] ?? 0))))));
    const angle = fround(fround(twoPi) * (values[i + half] ?? 0));
    values[i] = radius * fround(cos(angle));
    values[i + half] = radius * fround(sin(angle));
  }
}

function createMersenneTwister(seed: number): () => number {
  const state = new Uint32Array(stateLength);
  state[0] = seed;
  for (let i = 1; i < stateLength; i += 1) {
    const previous = state[i - 1] ?? 0;
    state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
  }
  let position = stateLength;
  return () => {
    if (position === stateLength) {
      twist(state);
      position = 0;
    }
    let y = state[position] ?? 0;
    position += 1;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

function twist(state: Uint32Array): void {
  for (let i = 0; i < stateLength; i += 1) {
    const y = ((state[i] ?? 0) & 0x80000000) | ((state[(i + 1) % stateLength] ?? 0) & 0x7fffffff);
    const mixed = (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    state[i] = (state[(i + shiftLength) % stateLength] ?? 0) ^ mixed;
  }
}
