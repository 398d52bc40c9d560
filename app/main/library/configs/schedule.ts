import type { NoiseSchedule } from '#contract/model.ts';
import type { SchedulerName } from '#contract/request.ts';
import type { JsonObject } from '../files.ts';
import { Fields } from './fields.ts';

export interface ScheduleConfig {
  readonly schedule: NoiseSchedule;
  /** The model's own sampler, when it is one of ours. */
  readonly schedulerName?: SchedulerName;
}

const beta = { min: 1e-8, max: 0.999 };

/** What Stable Diffusion 1.x and 2.x were trained with: CompVis/stable-diffusion@21f890f, configs/stable-diffusion/v1-inference.yaml. */
export const stableDiffusionSchedule: NoiseSchedule = {
  trainTimesteps: 1000,
  betaStart: 0.00085,
  betaEnd: 0.012,
  betaSchedule: 'scaled_linear',
  predictionType: 'epsilon',
  stepsOffset: 1,
  setAlphaToOne: false,
  rescaleBetasZeroSnr: false,
};

/**
 * diffusers' scheduler_config.json → the noise schedule. Absent keys have the defaults that diffusers v0.35.1's
 * schedulers share; an absent steps_offset is 1, as its Stable Diffusion pipeline has it.
 */
export function parseScheduleConfig(path: string, values: JsonObject): ScheduleConfig {
  const fields = new Fields(path, values);
  fields.supports('trained_betas');
  const spacing =
    fields.value('timestep_spacing') === undefined
      ? undefined
      : fields.oneOf('timestep_spacing', ['leading', 'linspace', 'trailing']);
  const schedule: NoiseSchedule = {
    trainTimesteps: fields.integer('num_train_timesteps', { min: 1, max: 100_000 }, 1000),
    betaStart: fields.number('beta_start', beta, 0.0001),
    betaEnd: fields.number('beta_end', beta, 0.02),
    betaSchedule:
      fields.oneOf('beta_schedule', ['linear', 'scaled_linear', 'squaredcos_cap_v2'], 'linear') ?? 'linear',
    predictionType:
      fields.oneOf('prediction_type', ['epsilon', 'v_prediction', 'sample'], 'epsilon') ?? 'epsilon',
    ...(spacing === undefined ? {} : { timestepSpacing: spacing }),
    stepsOffset: fields.integer('steps_offset', { min: 0, max: 1000 }, 1),
    setAlphaToOne: fields.boolean('set_alpha_to_one', fields.value('_class_name') !== 'PNDMScheduler'),
    rescaleBetasZeroSnr: fields.boolean('rescale_betas_zero_snr', false),
  };
  fields.finish();
  const schedulerName = ownScheduler(fields);
  return { schedule, ...(schedulerName === undefined ? {} : { schedulerName }) };
}

/** diffusers' class, with the settings that make another sampler of it → our name. */
function ownScheduler(fields: Fields): SchedulerName | undefined {
  const karras = fields.value('use_karras_sigmas') === true;
  switch (fields.value('_class_name')) {
    case 'DDIMScheduler':
      return 'ddim';
    case 'PNDMScheduler':
      return 'pndm';
    case 'EulerDiscreteScheduler':
      return karras ? 'euler_karras' : 'euler';
    case 'EulerAncestralDiscreteScheduler':
      return 'euler_a';
    case 'HeunDiscreteScheduler':
      return 'heun';
    case 'DPMSolverMultistepScheduler':
      if (fields.value('algorithm_type') === 'sde-dpmsolver++') return 'dpmpp_2m_sde';
      return karras ? 'dpmpp_2m_karras' : 'dpmpp_2m';
    case 'UniPCMultistepScheduler':
      return 'unipc';
    case 'LCMScheduler':
      return 'lcm';
    default:
      return undefined;
  }
}
