import type { ClipTextConfig, UnetConfig, VaeConfig } from '#kernels/nets/configs.ts';
import { GraphBuilder } from '#kernels/graph/builder.ts';
import { expectedClipTextTensors, expectedUnetTensors, expectedVaeTensors } from '#kernels/nets/tensors.ts';
import type { ExpectedTensors } from '#kernels/nets/tensors.ts';
import { emitUnet } from '#kernels/nets/unet.ts';
import { cpuTarget } from '#kernels/graph/target.ts';
import { isWorthEightBits } from '#kernels/nn/eight-bit.ts';
import { weightParts } from '#kernels/nn/winograd-tiles.ts';
import { isWorthWinograd } from '#kernels/nn/winograd.ts';
import type { WeightSource } from '#kernels/onnx/weights.ts';

const nothing: WeightSource = { get: () => undefined, names: () => [] };

/** What fixes the shape of a model's three nets. */
export interface ModelShape {
  readonly unet: UnetConfig;
  readonly vae: VaeConfig;
  readonly text: ClipTextConfig;
}

/** Values of a net's weights, as the runtime holds them: half-precision ones are widened on the processor. */
export interface NetWeights {
  readonly values: number;
  /** Those of convolutions: they are laid out anew when they are loaded, beside the originals. */
  readonly convValues: number;
  /** Those that precision int8 makes 8-bit numbers of. */
  readonly eightBitValues: number;
  /** The most that are transformed at once, in each run, for a convolution in Winograd's form; 0: there is none. */
  readonly winogradValues: number;
}

export interface ModelWeights {
  readonly unet: NetWeights;
  readonly text: NetWeights;
  readonly decoder: NetWeights;
}

export function modelWeights({ unet, vae, text }: ModelShape): ModelWeights {
  return {
    unet: count(expectedUnetTensors(unet)),
    // The table of tokens stays in the file: a prompt reads a few of its rows.
    text: count(expectedClipTextTensors(text), (name) => !name.endsWith('token_embedding.weight')),
    decoder: count(
      expectedVaeTensors(vae),
      (name) => !name.startsWith('encoder.') && !name.startsWith('quant_conv'),
    ),
  };
}

/** By configuration and branch: a graph is emitted for it, and a plan asks several times. */
const shallow = new WeakMap<UnetConfig, Map<number, NetWeights>>();

/** What of the U-Net is loaded a second time for step caching. */
export function shallowWeights(unet: UnetConfig, branch: number): NetWeights {
  const known = shallow.get(unet) ?? new Map<number, NetWeights>();
  shallow.set(unet, known);
  const weights = known.get(branch) ?? countShallow(unet, branch);
  known.set(branch, weights);
  return weights;
}

function countShallow(unet: UnetConfig, branch: number): NetWeights {
  const g = new GraphBuilder(nothing);
  emitUnet(g, unet, null, { part: 'shallow', branch });
  return count(g.requestedWeights);
}

function count(tensors: ExpectedTensors, isHeld: (name: string) => boolean = () => true): NetWeights {
  const g = new GraphBuilder(nothing);
  const eightBit = new GraphBuilder(nothing, { ...cpuTarget, products: 'int8' });
  let values = 0;
  let convValues = 0;
  let eightBitValues = 0;
  let winogradValues = 0;
  for (const [name, shape] of tensors) {
    if (!isHeld(name)) continue;
    const size = shape.reduce((product, dim) => product * dim, 1);
    values += size;
    // The projections of transformers are stored as convolutions in SD 1.x and read as matrices.
    if (shape.length === 4 && !/\.proj_(in|out)\./.test(name)) convValues += size;
    // The timestep is one row, whose layers stay as they are.
    if (isWorthEightBits(eightBit, { name, type: 'f32', shape }) && !/(^|\.)time_emb/.test(name))
      eightBitValues += size;
    // Those that halve a grid have another stride.
    if (isWorthWinograd(g, { name, type: 'f32', shape }) && !name.includes('downsamplers'))
      winogradValues = Math.max(winogradValues, size / weightParts(shape[0] ?? 1, shape[1] ?? 1));
  }
  return { values, convValues, eightBitValues, winogradValues };
}
