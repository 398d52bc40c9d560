import { basename } from 'node:path';
import * as v from 'valibot';
import { schedulerNames } from '#contract/request.ts';
import type { SchedulerName } from '#contract/request.ts';
import { createScheduler } from '#engine/schedulers/create.ts';
import { parseScheduleConfig } from '#library/configs/schedule.ts';
import { checkError } from './cases.ts';
import type { CaseGroup, CaseResult } from './cases.ts';
import { compareTensors, worst } from './compare.ts';
import { readPythonJson } from './golden-files.ts';

const Values = v.array(v.number());
const SchedulersSchema = v.record(
  v.string(),
  v.object({
    config: v.record(v.string(), v.unknown()),
    timesteps: Values,
    sigmas: v.optional(Values),
    init_noise_sigma: v.number(),
    x0: Values,
    scaled: v.array(Values),
    model: v.array(Values),
    noise: v.array(Values),
    x: v.array(Values),
  }),
);
type SchedulerCase = v.InferOutput<typeof SchedulersSchema>[string];

const tolerance = 1e-5;

/** Options of diffusers' schedulers that ours do not have, and the only values that mean the same: any other would check something else. */
const fixedOptions: Readonly<Record<string, readonly unknown[]>> = {
  clip_sample: [false],
  thresholding: [false],
  skip_prk_steps: [true],
  interpolation_type: ['linear'],
  timestep_type: ['discrete'],
  use_exponential_sigmas: [false],
  use_beta_sigmas: [false],
  use_lu_lambdas: [false],
  use_flow_sigmas: [false],
  solver_order: [2],
  solver_type: ['midpoint', 'bh2'],
  lower_order_final: [true],
  predict_x0: [true],
  euler_at_final: [false],
  final_sigmas_type: ['zero'],
  original_inference_steps: [50],
  timestep_scaling: [10],
};

/** schedulers.json: NAME_STEPS, or NAME_ANYTHING_STEPS with another configuration. */
export async function schedulerCases(path: string): Promise<CaseGroup> {
  const examples = await readPythonJson(path, SchedulersSchema);
  return {
    cases: Object.entries(examples).map(([name, example]) => ({
      name: `${basename(path, '.json')} ${name}`,
      tolerance,
      run: () => Promise.resolve().then(() => compareScheduler(path, name, example)),
    })),
  };
}

/** The longest scheduler name that the case's name starts with, and the number that it ends with. */
export function parseSchedulerCaseName(caseName: string): { scheduler: SchedulerName; steps: number } {
  const scheduler = schedulerNames
    .filter((name) => caseName.startsWith(`${name}_`))
    .reduce<SchedulerName | undefined>((a, b) => (a === undefined || b.length > a.length ? b : a), undefined);
  const steps = /_(?<steps>\d+)$/u.exec(caseName)?.groups?.['steps'];
  if (scheduler === undefined || steps === undefined) {
    throw checkError(`${caseName} is not NAME_STEPS with NAME one of ${schedulerNames.join(', ')}.`);
  }
  return { scheduler, steps: Number(steps) };
}

function compareScheduler(path: string, name: string, example: SchedulerCase): CaseResult {
  const { scheduler: schedulerName, steps } = parseSchedulerCaseName(name);
  assertOptions(schedulerName, example.config);
  const { schedule } = parseScheduleConfig(`${path}, ${name}`, example.config);
  const scheduler = createScheduler(schedulerName, schedule, steps);
  const results = [
    compareTensors('timesteps', scheduler.timesteps, example.timesteps),
    compareTensors('initial sigma', [scheduler.initNoiseSigma], [example.init_noise_sigma]),
  ];
  if (example.sigmas !== undefined) {
    results.push(compareTensors('sigmas', scheduler.sigmas ?? [], example.sigmas));
  }
  let latents = Float32Array.from(example.x0);
  example.timesteps.forEach((_, i) => {
    results.push(
      compareTensors(`input of step ${i}`, scheduler.scaleInput(latents, i), example.scaled[i] ?? []),
    );
    const noise = example.noise[i] === undefined ? undefined : Float32Array.from(example.noise[i]);
    const step = scheduler.step(Float32Array.from(example.model[i] ?? []), i, latents, noise);
    latents = Float32Array.from(step.latents);
    results.push(compareTensors(`latents after step ${i}`, latents, example.x[i] ?? []));
  });
  return worst(results);
}

function assertOptions(scheduler: SchedulerName, config: Readonly<Record<string, unknown>>): void {
  const allowed: Readonly<Record<string, readonly unknown[]>> = {
    ...fixedOptions,
    use_karras_sigmas: [scheduler.endsWith('_karras')],
    algorithm_type: [scheduler === 'dpmpp_2m_sde' ? 'sde-dpmsolver++' : 'dpmsolver++'],
  };
  for (const [option, values] of Object.entries(allowed)) {
    const value = config[option];
    if (value === undefined || value === null || values.includes(value)) continue;
    throw checkError(
      `${scheduler} was run with ${option} ${JSON.stringify(value)}; Tessera's has ${JSON.stringify(values[0])}.`,
    );
  }
}
