import type { Candidate } from '#contract/runtime.ts';
import type { DeviceRoom } from '../memory/device-room.ts';
import { freeMemoryBytes } from '../memory/free.ts';
import { memoryEvent, planMemory, type MemoryPlan } from '../memory/plan.ts';
import type { AskRoom, Job } from './job.ts';
import type { Model } from './model.ts';

/** Chooses where and how a job uses memory, tells, and lets the model load accordingly. */
export async function planJobMemory(model: Model, job: Job, askRoom: AskRoom): Promise<MemoryPlan> {
  const { runtime } = model;
  const before = runtime.place('unet');
  runtime.reconsider();
  let plan = await planHere(model, job, askRoom, before);
  while (plan.refusal !== undefined) {
    runtime.refuse(plan.refusal);
    plan = await planHere(model, job, askRoom, before);
  }
  if (!isSame(runtime.place('unet'), before)) await model.release();
  job.emit(memoryEvent(plan));
  for (const notice of plan.notices) job.emit({ type: 'warning', notice });
  await model.useMemory(plan.mode);
  // Its fit needs the decoder, which in low memory must not lie beside the U-Net later.
  if (plan.mode === 'low' && job.previewEvery > 0) await model.preview();
  return plan;
}

/** For the place that is the best of those left. */
async function planHere(model: Model, job: Job, askRoom: AskRoom, before: Candidate): Promise<MemoryPlan> {
  const { unet, vae } = model.checkpoint;
  const { request, memory = 'auto', previewEvery } = job;
  const place = model.runtime.place('unet');
  const { provider, precision } = place;
  // What lies on another device will be given back.
  const loaded = isSame(place, before) && model.holdsUnet(request.merging, request.stepCache);
  const input = {
    shape: { unet: unet.config, vae: vae.config },
    ...{ weights: model.weights, request, choice: memory, freeBytes: await freeForJob() },
  };
  const options = { previews: previewEvery > 0, loaded, precision };
  if (provider === 'cpu') return planMemory({ ...input, options });
  const planIn = (room: DeviceRoom | undefined) =>
    planMemory({
      ...input,
      options: {
        ...options,
        device: { provider, isShared: room === undefined, freeBytes: room?.freeBytes ?? input.freeBytes },
      },
      room: room && { ...room, name: place.device },
    });
  const last = model.lastOnDevice;
  const isSamePlace = last !== undefined && isSame(last.place, place);
  if (isSamePlace && loaded) {
    const again = planIn(last.room);
    // It takes nothing that is not taken already, so nobody need be asked: asking takes up to 0.3 s.
    if (again.mode === last.mode && deviceBytes(again) <= last.bytes) return again;
  }
  const room = await askRoom(place, isSamePlace && model.holdsNets ? last.bytes : 0);
  const plan = planIn(room);
  const freeBytes = room?.freeBytes ?? input.freeBytes;
  model.lastOnDevice = { place, room, freeBytes, mode: plan.mode, bytes: deviceBytes(plan) };
  return plan;
}

function isSame(a: Candidate, b: Candidate): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function deviceBytes({ estimate }: MemoryPlan): number {
  return estimate.deviceBytes ?? 0;
}

/** Memory that a job can have: what this process holds already serves it. */
async function freeForJob(): Promise<number> {
  return (await freeMemoryBytes()) + process.memoryUsage.rss();
}
