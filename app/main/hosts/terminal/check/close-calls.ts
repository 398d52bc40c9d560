import { createRandom } from '#kernels/tome/random.ts';
import type { CaseResult } from './cases.ts';

/** Share of a value by which an input may change and still count as rounded otherwise: 25 units in the last place of float32. */
const rounding = 3e-6;
/** Where one in ten falls the other way, 24 tries miss it once in twelve times. */
const tries = 24;

/** Changes the values by up to the size of rounding. */
export type Nudge = (values: Float32Array) => Float32Array;

/**
 * Compares a pass that matches tokens. Two destinations can be so nearly alike that rounding decides, and then one token
 * more or less moves the output by per cents: no fault of either side. So a pass that is off is run again with its input
 * changed by as little as rounding does; if one of those agrees, the pass as it is was a close call, and the result says so.
 */
export async function compareCloseCalls(
  compare: (nudge?: Nudge) => Promise<CaseResult>,
  tolerance: number,
): Promise<CaseResult> {
  const result = await compare();
  if (result.maxRelativeError <= tolerance) return result;
  for (let attempt = 1; attempt <= tries; attempt++) {
    const nudged = await compare(nudgeOf(attempt));
    if (nudged.maxRelativeError <= tolerance)
      return {
        maxRelativeError: nudged.maxRelativeError,
        note: `a close call: so near with the input changed by up to ${rounding}, off by ${result.maxRelativeError.toExponential(1)} as it is, where rounding matches a token otherwise`,
      };
  }
  return result;
}

function nudgeOf(attempt: number): Nudge {
  return (values) => {
    const random = createRandom([attempt, 0, 0, 0]);
    return values.map((value) => value * (1 + rounding * (2 * random() - 1)));
  };
}
