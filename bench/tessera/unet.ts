import { disposeKept, isGone } from '#engine/nets/kept.ts';
import { loadUnet, type CarriedMatch, type Unet } from '#engine/nets/unet.ts';
import { mergeStructure, planMerging } from '#kernels/tome/plan.ts';
import type { MergeSettings } from '#kernels/tome/settings.ts';
import type { RuntimeOptions } from '#engine/session.ts';
import { openCheckpoint, type Checkpoint } from '#library/checkpoint.ts';
import { readFloats } from '../inputs.ts';
import type { Point, Work } from '../protocol.ts';
import type { Run } from './work.ts';

const SEED = 7;
const STEP_COUNT = 1000;
const TIMESTEP = 500;

const settings = ({ ratio, merging }: Point): MergeSettings => ({ ...merging, ratio });

/** U-Net passes: the plan is drawn for each, as the pipeline does for each step. */
export async function prepareUnet(
  work: Extract<Work, { kind: 'unet' }>,
  runtime: RuntimeOptions,
): Promise<Run> {
  const { configFolder } = work;
  const { unet: part } = await openCheckpoint(work.model, configFolder === undefined ? {} : { configFolder });
  const { latents, hidden } = await readFloats(work.inputs, ['latents', 'hidden']);
  const [batch = 0, , latentH = 0, latentW = 0] = latents.shape;
  const load = unetLoader(part, work.holdsOne, runtime);
  /** What passes before matched, where later ones go on with it. */
  const matches = new Map<string, CarriedMatch>();
  return async (point) => {
    const unet = await load(point);
    return async () => {
      const step = { latentH, latentW, batch, seed: SEED, stepIndex: point.step, stepCount: STEP_COUNT };
      const plan = point.ratio > 0 ? planMerging(part.config, settings(point), step) : undefined;
      const way = JSON.stringify(settings(point));
      const given = matches.get(way) ?? {};
      // A match that lay on a device goes with the net that made it.
      const isLost = Object.values(given).some(isGone);
      const merge = plan && { ...plan, matches: plan.matches || isLost };
      const { output, match } = await unet.run({
        latents: latents.data,
        batch,
        latentH,
        latentW,
        timestep: TIMESTEP,
        hidden: hidden.data,
        tokenCount: hidden.shape[1] ?? 0,
        merge,
        match: given,
      });
      if (match !== given) disposeKept(Object.values(given));
      matches.set(way, match);
      return output;
    };
  };
}

/**
 * As in the studio: a graph without merging where nothing merges, and one for each way of merging. Where memory is
 * short for all of them, the last one is given back before the next is loaded.
 */
function unetLoader(
  part: Checkpoint['unet'],
  holdsOne: boolean,
  runtime: RuntimeOptions,
): (point: Point) => Promise<Unet> {
  const loaded = new Map<string, Unet>();
  return async (point) => {
    const structure = point.ratio > 0 ? mergeStructure(part.config, settings({ ...point, ratio: 1 })) : null;
    const precision = point.precision ?? 'f32';
    const key = JSON.stringify([structure, precision]);
    const known = loaded.get(key);
    if (known !== undefined) return known;
    if (holdsOne) {
      for (const unet of loaded.values()) await unet.release();
      loaded.clear();
    }
    const unet = await loadUnet(part, structure, { ...runtime, precision });
    loaded.set(key, unet);
    return unet;
  };
}
