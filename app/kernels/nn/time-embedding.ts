import type { GraphBuilder, Value } from '../graph/builder.ts';
import { cast, cos, mul, silu, sin } from '../graph/ops/math.ts';
import { concat } from '../graph/ops/shape.ts';
import { linear } from './linear.ts';

const MAX_PERIOD = 10_000;

export interface TimeEmbeddingOptions {
  readonly channels: number;
  readonly flipSinToCos: boolean;
  readonly freqShift: number;
}

/** The waves' input where the host computes them. */
export const wavesInput = 'timestep_waves';

/** Timestep [1] → silu of its embedding [1, 4·channels], the form every residual block starts from. Sinusoids of DDPM (Ho et al. 2020). */
export function timeEmbedding(g: GraphBuilder, timestep: string, options: TimeEmbeddingOptions): Value {
  const { channels, flipSinToCos } = options;
  return g.scope('time_embedding', () => {
    let waves: Value;
    if (g.target.operators === 'device') {
      // Devices may be 2⁻¹¹ off in a sine (WGSL, accuracy of built-in functions), and far from 0 are.
      waves = cast(g, g.input(wavesInput, 'f32', [1, channels]), g.target.float);
    } else {
      const frequencies = frequenciesOf(options);
      const angles = mul(g, g.input(timestep, 'f32', [1]), g.floats(frequencies, [1, channels / 2], 'f32'));
      const parts = flipSinToCos ? [cos(g, angles), sin(g, angles)] : [sin(g, angles), cos(g, angles)];
      waves = cast(g, concat(g, parts, 1, channels), g.target.float);
    }
    const hidden = silu(g, linear(g, waves, 'time_embedding.linear_1', channels * 4));
    return silu(g, linear(g, hidden, 'time_embedding.linear_2', channels * 4));
  });
}

/** What the graph's own waves would be: float32 angles. */
export function timestepWaves(timestep: number, options: TimeEmbeddingOptions): Float32Array {
  const angles = Float32Array.from(frequenciesOf(options), (frequency) => Math.fround(frequency) * timestep);
  const parts = [angles.map(Math.sin), angles.map(Math.cos)];
  return Float32Array.from((options.flipSinToCos ? parts.reverse() : parts).flatMap((part) => [...part]));
}

function frequenciesOf({ channels, freqShift }: TimeEmbeddingOptions): number[] {
  const half = channels / 2;
  return Array.from({ length: half }, (_, i) => Math.exp((-Math.log(MAX_PERIOD) * i) / (half - freqShift)));
}
