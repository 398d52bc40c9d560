import * as v from 'valibot';

/** Where nets run: onnxruntime's execution providers, by the names of its Node binding. */
export const providers = ['cpu', 'webgpu', 'dml', 'coreml', 'cuda'] as const;
export type Provider = (typeof providers)[number];

export const precisions = ['f32', 'f16'] as const;
export type Precision = (typeof precisions)[number];

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
