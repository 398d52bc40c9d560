import type { NoiseSchedule } from '#contract/model.ts';

/*
 * The noise that a model was trained with, in the precision that diffusers computes it in: float32 values,
 * the running product summed up in double precision (as torch.cumprod does on the CPU).
 */

/** σ at the last timestep of a rescaled schedule, where it would be infinite: diffusers takes ᾱ = 2⁻²⁴ there (EulerDiscreteScheduler). */
const lastSigmaOfZeroSnr = 4096;
/** Highest β of the cosine schedule (Nichol & Dhariwal 2021, arXiv:2102.09672, section 3.2). */
const maxCosineBeta = 0.999;

const { fround, sqrt } = Math;

/** torch.linspace in float32: counted from both ends, so that the last value is exact; multiplied and added with one rounding. */
function linspaceF32(start: number, end: number, count: number): Float32Array {
  const [first, last] = [fround(start), fround(end)];
  const step = count > 1 ? fround(fround(last - first) / (count - 1)) : 0;
  return Float32Array.from({ length: count }, (_, i) =>
    i < count / 2 ? first + step * i : last - step * (count - i - 1),
  );
}

function cosineBetas(count: number): Float32Array {
  const alphaBar = (t: number): number => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2;
  return Float32Array.from({ length: count }, (_, i) =>
    Math.min(1 - alphaBar((i + 1) / count) / alphaBar(i / count), maxCosineBeta),
  );
}

function trainBetas(schedule: NoiseSchedule): Float32Array {
  const { betaStart, betaEnd, trainTimesteps } = schedule;
  switch (schedule.betaSchedule) {
    case 'linear':
      return linspaceF32(betaStart, betaEnd, trainTimesteps);
    case 'scaled_linear':
      return linspaceF32(sqrt(betaStart), sqrt(betaEnd), trainTimesteps).map((root) => fround(root * root));
    case 'squaredcos_cap_v2':
      return cosineBetas(trainTimesteps);
  }
}

function cumulativeProduct(values: Float32Array): Float32Array {
  let product = 1;
  return values.map((value) => (product *= value));
}

/** Shifts and stretches √ᾱ so that nothing of the picture is left at the last timestep.
 *  Source: Lin et al. 2023, arXiv:2305.08891, algorithm 1. */
function rescaleToZeroSnr(betas: Float32Array): Float32Array {
  const roots = cumulativeProduct(betas.map((beta) => 1 - beta)).map(sqrt);
  const first = roots[0] ?? 1;
  const last = roots.at(-1) ?? 0;
  const stretch = fround(first / fround(first - last));
  const alphaBars = roots.map((root) => fround(fround(fround(root - last) * stretch) ** 2));
  return alphaBars.map((alphaBar, i) => 1 - fround(alphaBar / (i === 0 ? 1 : (alphaBars[i - 1] ?? 1))));
}

/** ᾱ of every train timestep. */
export function alphasCumprod(schedule: NoiseSchedule): Float32Array {
  const betas = schedule.rescaleBetasZeroSnr ? rescaleToZeroSnr(trainBetas(schedule)) : trainBetas(schedule);
  return cumulativeProduct(betas.map((beta) => 1 - beta));
}

/** σ = √((1 − ᾱ)/ᾱ) of every train timestep; finite also where the schedule was rescaled to zero SNR. */
export function trainSigmas(schedule: NoiseSchedule): Float32Array {
  const sigmas = alphasCumprod(schedule).map((alphaBar) => sqrt(fround(fround(1 - alphaBar) / alphaBar)));
  if (schedule.rescaleBetasZeroSnr) sigmas[sigmas.length - 1] = lastSigmaOfZeroSnr;
  return sigmas;
}
