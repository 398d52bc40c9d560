import type { GraphBuilder, Value } from '../graph/builder.ts';
import { cos, mul, silu, sin } from '../graph/ops/math.ts';
import { concat } from '../graph/ops/shape.ts';
import { linear } from './linear.ts';

const MAX_PERIOD = 10_000;

export interface TimeEmbeddingOptions {
  readonly channels: number;
  readonly flipSinToCos: boolean;
  readonly freqShift: number;
}

/** Timestep [1] → silu of its embedding [1, 4·channels], the form every residual block starts from. Sinusoids of DDPM (Ho et al. 2020). */
export function timeEmbedding(g: GraphBuilder, timestep: Value, options: TimeEmbeddingOptions): Value {
  const { channels, flipSinToCos, freqShift } = options;
  const half = channels / 2;
  const frequencies = Array.from({ length: half }, (_, i) =>
    Math.exp((-Math.log(MAX_PERIOD) * i) / (half - freqShift)),
  );
  return g.scope('time_embedding', () => {
    const angles = mul(g, timestep, g.floats(frequencies, [1, half]));
    const parts = flipSinToCos ? [cos(g, angles), sin(g, angles)] : [sin(g, angles), cos(g, angles)];
    const waves = concat(g, parts, 1, channels);
    const hidden = silu(g, linear(g, waves, 'time_embedding.linear_1', channels * 4));
    return silu(g, linear(g, hidden, 'time_embedding.linear_2', channels * 4));
  });
}
