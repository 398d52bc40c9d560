import { freeMemoryBytes } from '../memory/free.ts';
import { memoryEvent, planMemory, type MemoryPlan } from '../memory/plan.ts';
import type { Job } from './job.ts';
import type { Model } from './model.ts';

/** Chooses how a job uses memory, tells, and lets the model load accordingly. */
export async function planJobMemory(model: Model, job: Job): Promise<MemoryPlan> {
  const { unet, vae } = model.checkpoint;
  const shape = { unet: unet.config, vae: vae.config };
  const { request, memory = 'auto', previewEvery } = job;
  const plan = planMemory({
    shape,
    weights: model.weights,
    request,
    choice: memory,
    options: {
      previews: previewEvery > 0,
      loaded: model.holdsUnet(request.merging, request.stepCache),
      precision: model.runtime.place('unet').precision,
    },
    freeBytes: await freeForJob(),
  });
  job.emit(memoryEvent(plan));
  if (plan.notice !== undefined) job.emit({ type: 'warning', message: plan.notice });
  await model.useMemory(plan.mode);
  // Its fit needs the decoder, which in low memory must not lie beside the U-Net later.
  if (plan.mode === 'low' && previewEvery > 0) await model.preview();
  return plan;
}

/** Memory that a job can have: what this process holds already serves it. */
async function freeForJob(): Promise<number> {
  return (await freeMemoryBytes()) + process.memoryUsage.rss();
}
