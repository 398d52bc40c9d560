import type { ElementType } from '../onnx/proto.ts';

/** What a graph is built for. Kernels ask it only where one form does not serve all. */
export interface GraphTarget {
  /**
   * `host`: a provider beside the host's memory (CPU), or one that leaves to the CPU what it lacks.
   * `device`: one whose operators lack 64-bit integers, loops and fused products (WebGPU), and where nothing may fall to the CPU.
   */
  readonly operators: 'host' | 'device';
  /** The runtime's fused attention, or products and a softmax where a device gets that one wrong. */
  readonly attention: 'fused' | 'plain';
  /** What is computed in. Inputs and outputs are float32 all the same. */
  readonly float: Extract<ElementType, 'f32' | 'f16'>;
  /** Linear layers and convolutions in that float, or of 8-bit weights and activations: nn/eight-bit.ts. */
  readonly products: 'float' | 'int8';
  /** 3×3 convolutions of at least this many channels in and out are made in Winograd's form: nn/winograd.ts. */
  readonly winogradFrom: number;
}

/** On the CPU 96 channels gain 1.3×, 64 lose: docs/tried/cpu.md. */
export const WINOGRAD_CHANNELS = 96;

export const cpuTarget: GraphTarget = {
  operators: 'host',
  attention: 'fused',
  float: 'f32',
  products: 'float',
  winogradFrom: WINOGRAD_CHANNELS,
};
