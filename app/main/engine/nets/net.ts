import { KernelError } from '#kernels/errors.ts';
import { levelGrids } from '#kernels/nets/unet-blocks.ts';
import { shapeFeeds } from '#kernels/nn/run-shapes.ts';
import type { GraphTarget } from '#kernels/graph/target.ts';
import type { WeightSource } from '#kernels/onnx/weights.ts';
import { EngineError } from '#contract/errors.ts';
import { createSession, type NamedTensor, type RuntimeOptions, type Session } from '../session.ts';
import { graphTarget } from './target.ts';

/** More than any net has. */
const MAX_LEVELS = 8;

/** A net of a checkpoint: its configuration and where its weights lie. */
export interface NetPart<C> {
  readonly config: C;
  /** Absolute path of the folder that the weights' file names are relative to. */
  readonly folder: string;
  readonly weights: WeightSource;
}

/** Builds a graph and loads it. Throws ENGINE_FAILED; a kernel's own complaint is kept as the cause. */
export async function loadNet<C>(
  part: NetPart<C>,
  build: (config: C, weights: WeightSource, target: GraphTarget) => Uint8Array,
  options: RuntimeOptions = {},
): Promise<Session> {
  const target = await graphTarget(options);
  let model: Uint8Array;
  try {
    model = build(part.config, part.weights, target);
  } catch (cause) {
    if (cause instanceof KernelError) throw new EngineError('ENGINE_FAILED', cause.message, { cause });
    throw cause;
  }
  return createSession(model, part.folder, options);
}

/** The shapes that a net's graph declares, for a batch and a grid of h × w at level 0. */
export function sizeFeeds(
  session: Session,
  batch: number,
  h: number,
  w: number,
): Record<string, NamedTensor> {
  return shapeFeeds(session.inputs, { batch, grids: levelGrids(MAX_LEVELS, h, w) });
}

/** A float32 output by name. */
export function floatOutput(outputs: Readonly<Record<string, NamedTensor>>, name: string): Float32Array {
  const data = outputs[name]?.data;
  if (!(data instanceof Float32Array))
    throw new EngineError('ENGINE_FAILED', `The model gave ${name} in another type than float32.`);
  return data;
}
