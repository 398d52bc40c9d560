import * as v from 'valibot';
import { CandidateSchema, DeviceSchema, VerdictSchema } from '#contract/runtime.ts';
import { BytesSchema, procedure } from './base.ts';

/** Where pictures are made: devices, what was measured of them, and the extra that one of them needs. */

export const ExtraStateSchema = v.object({
  /** Whether it is made for this system. */
  offered: v.boolean(),
  installed: v.boolean(),
  /** Null while nothing is under way. */
  progress: v.nullable(
    v.object({
      phase: v.picklist(['download', 'unpack']),
      doneBytes: BytesSchema,
      totalBytes: BytesSchema,
    }),
  ),
});
export type ExtraState = v.InferOutput<typeof ExtraStateSchema>;

export const SystemDevicesSchema = v.object({
  devices: v.array(DeviceSchema),
  verdicts: v.array(VerdictSchema),
  /** What "automatic" takes, best first. */
  automatic: v.array(CandidateSchema),
  cuda: ExtraStateSchema,
});
export type SystemDevices = v.InferOutput<typeof SystemDevicesSchema>;

export const system = {
  devices: procedure.output(SystemDevicesSchema),
  /** Tries every device anew: some seconds for each. */
  measure: procedure.output(SystemDevicesSchema),
  /** Ends when it is installed; its progress is told by `extra` events. */
  installCuda: procedure.output(SystemDevicesSchema),
  cancelCuda: procedure.output(v.object({ cancelled: v.boolean() })),
  removeCuda: procedure.output(SystemDevicesSchema),
};
