import { loadUnet, type Unet } from '#engine/nets/unet.ts';
import { mergeStructure, planMerging, type MergeSettings } from '#kernels/tome/plan.ts';
import { noMerging } from '#contract/request.ts';
import { openCheckpoint } from '#library/checkpoint.ts';
import { readFloats } from '../inputs.ts';
import type { Point, Work } from '../protocol.ts';
import type { Run } from './work.ts';

const SEED = 7;
const STEP_COUNT = 1000;
const TIMESTEP = 500;

const settings = ({ ratio, fixed }: Pick<Point, 'ratio' | 'fixed'>): MergeSettings => ({
  ...noMerging,
  ratio,
  partition: fixed ? 'cells-fixed' : 'cells-random',
});

/** U-Net passes: the plan is drawn for each, as the pipeline does for each step. */
export async function prepareUnet(work: Extract<Work, { kind: 'unet' }>): Promise<Run> {
  const { configFolder } = work;
  const { unet: part } = await openCheckpoint(work.model, configFolder === undefined ? {} : { configFolder });
  const { latents, hidden } = await readFloats(work.inputs, ['latents', 'hidden']);
  const [batch = 0, , latentH = 0, latentW = 0] = latents.shape;
  const loaded = new Map<boolean, Promise<Unet>>();
  // As the studio does: without merging the graph has none. A process that is asked for both holds both.
  const load = (merging: boolean) => {
    const unet =
      loaded.get(merging) ??
      loadUnet(part, merging ? mergeStructure(part.config, settings({ ratio: 0.5, fixed: false })) : null);
    loaded.set(merging, unet);
    return unet;
  };
  return async (point) => {
    const unet = await load(point.ratio > 0);
    const step = { latentH, latentW, batch, seed: SEED, stepIndex: point.step, stepCount: STEP_COUNT };
    const merge = point.ratio > 0 ? planMerging(part.config, settings(point), step) : undefined;
    const { output } = await unet.run({
      latents: latents.data,
      batch,
      latentH,
      latentW,
      timestep: TIMESTEP,
      hidden: hidden.data,
      tokenCount: hidden.shape[1] ?? 0,
      merge,
    });
    return output;
  };
}
