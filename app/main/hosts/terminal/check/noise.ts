import { basename } from 'node:path';
import * as v from 'valibot';
import { createTorchGenerator } from '#engine/random.ts';
import type { CaseGroup, CaseResult } from './cases.ts';
import { compareTensors, worst } from './compare.ts';
import { readPythonJson } from './golden-files.ts';

const NoiseSchema = v.object({
  cases: v.array(
    v.object({
      seed: v.pipe(v.number(), v.integer()),
      shape: v.array(v.pipe(v.number(), v.integer(), v.minValue(0))),
      first: v.array(v.number()),
      last: v.array(v.number()),
      sum: v.optional(v.number()),
      second_first: v.optional(v.array(v.number())),
    }),
  ),
});
type NoiseCase = v.InferOutput<typeof NoiseSchema>['cases'][number];

const tolerance = 1e-5;

/** torch-randn.json: the first and last values of a draw, their sum, and the start of a second draw. */
export async function noiseCases(path: string): Promise<CaseGroup> {
  const { cases } = await readPythonJson(path, NoiseSchema);
  return {
    cases: cases.map((example) => ({
      name: `${basename(path, '.json')} seed ${example.seed} [${example.shape.join(', ')}]`,
      tolerance,
      run: () => Promise.resolve(compareNoise(example)),
    })),
  };
}

function compareNoise({ seed, shape, first, last, sum, second_first: second }: NoiseCase): CaseResult {
  const generator = createTorchGenerator(seed);
  const count = shape.reduce((product, side) => product * side, 1);
  const values = generator.randn(count);
  const results = [
    compareTensors('first', values.slice(0, first.length), first),
    compareTensors('last', values.slice(count - last.length), last),
  ];
  if (sum !== undefined) {
    // Over many draws roundings add up: what counts is the mean.
    const mean = values.reduce((total, value) => total + value, 0) / count;
    results.push({ maxRelativeError: Math.abs(mean - sum / count), detail: `mean is ${mean}` });
  }
  if (second !== undefined) {
    results.push(compareTensors('second draw', generator.randn(count).slice(0, second.length), second));
  }
  return worst(results);
}
