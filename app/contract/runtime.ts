import * as v from 'valibot';

/** Where nets run: onnxruntime's execution providers, by the names of its Node binding. */
export const providers = ['cpu', 'webgpu', 'dml', 'coreml', 'cuda'] as const;
export type Provider = (typeof providers)[number];

/** int8: the U-Net's weights and activations in 8 bits, on the CPU; what is not a product of them stays in f32. */
export const precisions = ['f32', 'f16', 'int8'] as const;
export type Precision = (typeof precisions)[number];

/** As people write them, in every language. */
export const providerNames: Readonly<Record<Provider, string>> = {
  cpu: 'CPU',
  webgpu: 'WebGPU',
  dml: 'DirectML',
  coreml: 'Core ML',
  cuda: 'CUDA',
};

/** As people write them in English; what is a word in another language is the window's to say. */
export const precisionNames: Readonly<Record<Precision, string>> = {
  f32: 'float32',
  f16: 'float16',
  int8: '8-bit',
};

/** Full keeps every net loaded; low loads one after another and works in slices. */
export const memoryModes = ['full', 'low'] as const;
export type MemoryMode = (typeof memoryModes)[number];

/** What the artist wants of the machine; auto leaves it to what was measured. */
export const RuntimeChoiceSchema = v.strictObject({
  provider: v.picklist(['auto', ...providers]),
  precision: v.picklist(['auto', ...precisions]),
  memory: v.picklist(['auto', ...memoryModes]),
});
export type RuntimeChoice = v.InferOutput<typeof RuntimeChoiceSchema>;

export const autoRuntime: RuntimeChoice = { provider: 'auto', precision: 'auto', memory: 'auto' };

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Why a device is not used, or not by itself. */
export const deviceProblems = [
  /** The runtime of this platform has no such provider. */
  'not-here',
  'no-device',
  /** CUDA_VISIBLE_DEVICES leaves none. */
  'hidden',
  /** The driver's own tool failed. */
  'driver',
  'extra-missing',
  /** A CPU that plays a GPU: works, slower than the CPU itself. */
  'software',
] as const;
export type DeviceProblem = (typeof deviceProblems)[number];

/** A provider with what it would run on; one without anything to run on says why. */
export const DeviceSchema = v.strictObject({
  provider: v.picklist(providers),
  /** Which of several, as the provider counts them. */
  index: Count,
  /** "AMD Ryzen 7 5800X", "NVIDIA GeForce RTX 3060"; null where there is nothing, or nothing tells. */
  name: v.nullable(v.string()),
  /** The same as the driver or the system writes it. */
  rawName: v.nullable(v.string()),
  memoryBytes: v.nullable(Count),
  /** Where name and memory are from. */
  source: v.nullable(v.string()),
  driver: v.nullable(v.string()),
  /** In which it can be asked to compute. */
  precisions: v.array(v.picklist(precisions)),
  /** Null = it can be asked to work. `software` can be asked too, but is never chosen by itself. */
  problem: v.nullable(v.strictObject({ code: v.picklist(deviceProblems), message: v.string() })),
});
export type Device = v.InferOutput<typeof DeviceSchema>;

/** What a short trial found: the same pass of the U-Net on the device and on the CPU. */
export const VerdictSchema = v.strictObject({
  provider: v.picklist(providers),
  index: Count,
  precision: v.picklist(precisions),
  /** `wrong`: numbers other than the CPU's. `failed`: no numbers. */
  outcome: v.picklist(['right', 'wrong', 'failed']),
  /** Median of the passes after the first. */
  passMs: v.nullable(v.number()),
  /** Root mean square of the difference over that of the CPU's numbers; null where some were not finite. */
  error: v.nullable(v.number()),
  reason: v.nullable(v.string()),
  measuredAt: Count,
});
export type Verdict = v.InferOutput<typeof VerdictSchema>;

/** One way to run a job: the engine takes the first that works, and goes on to the next when it fails. */
export const CandidateSchema = v.strictObject({
  provider: v.picklist(providers),
  index: Count,
  device: v.string(),
  precision: v.picklist(precisions),
});
export type Candidate = v.InferOutput<typeof CandidateSchema>;

/** "WebGPU · float16 (NVIDIA GeForce RTX 3060)". */
export function describePlace({ provider, precision, device }: Candidate): string {
  return `${providerNames[provider]} · ${precisionNames[precision]} (${device})`;
}

export const netParts = ['text', 'unet', 'vae'] as const;
export type NetPartName = (typeof netParts)[number];

/** What figures depend on beside the request; null where it was not told. */
export interface MeasuredPlace {
  readonly provider: string | null;
  readonly device: string | null;
  readonly precision: Precision | null;
}

/** Figures of different places are never compared, nor those of a place that is not known. */
export function isSamePlace(
  a: MeasuredPlace | null | undefined,
  b: MeasuredPlace | null | undefined,
): boolean {
  if (a == null || b == null || a.device === null || a.precision === null) return false;
  return a.provider === b.provider && a.device === b.device && a.precision === b.precision;
}
