import { loadUnet, type Unet } from '#engine/nets/unet.ts';
import { mergeStructure, planMerging, type MergeSettings } from '#kernels/tome/plan.ts';
import { noMerging } from '#contract/request.ts';
import { openCheckpoint, type Checkpoint } from '#library/checkpoint.ts';
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
  const load = unetLoader(part, work.oneGraph);
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

/**
 * As in the studio: a graph without merging where nothing merges, and one that can merge. Where memory is short for
 * both, ratio 0 runs on the one that can, with its merging off.
 */
function unetLoader(part: Checkpoint['unet'], oneGraph: boolean): (merging: boolean) => Promise<Unet> {
  const loaded = new Map<boolean, Promise<Unet>>();
  return (merging) => {
    const inGraph = merging || oneGraph;
    const structure = inGraph ? mergeStructure(part.config, settings({ ratio: 1, fixed: false })) : null;
    const unet = loaded.get(inGraph) ?? loadUnet(part, structure);
    loaded.set(inGraph, unet);
    return unet;
  };
}
