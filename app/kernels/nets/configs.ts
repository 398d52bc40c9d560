/** What fixes the shape of a net. Sources: diffusers' and transformers' config.json of Stable Diffusion 1.x and 2.x. */

export type DownBlockType = 'CrossAttnDownBlock2D' | 'DownBlock2D';
export type UpBlockType = 'CrossAttnUpBlock2D' | 'UpBlock2D';

export interface UnetConfig {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Channels of each level, from the largest grid to the smallest. */
  readonly blockOutChannels: readonly number[];
  readonly downBlockTypes: readonly DownBlockType[];
  /** From the smallest grid to the largest. */
  readonly upBlockTypes: readonly UpBlockType[];
  readonly layersPerBlock: number;
  /** Attention heads of each level (diffusers calls this attention_head_dim). The middle block uses the last. */
  readonly headCounts: readonly number[];
  readonly crossAttentionDim: number;
  readonly useLinearProjection: boolean;
  readonly normNumGroups: number;
  readonly normEps: number;
  readonly flipSinToCos: boolean;
  readonly freqShift: number;
}

export interface ClipTextConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layerCount: number;
  readonly headCount: number;
  readonly maxPositions: number;
  readonly activation: 'quick_gelu' | 'gelu';
  readonly layerNormEps: number;
  /** `penultimate`: the last layer is left out; the final norm is applied all the same (SD 2.x single files, "clip skip 2"). */
  readonly outputLayer: 'last' | 'penultimate';
}

export interface VaeConfig {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly latentChannels: number;
  readonly blockOutChannels: readonly number[];
  readonly layersPerBlock: number;
  readonly normNumGroups: number;
  readonly midBlockAttention: boolean;
  readonly useQuantConv: boolean;
  readonly usePostQuantConv: boolean;
  /** Latents are multiplied by this after encoding and divided before decoding. */
  readonly scalingFactor: number;
}

/** Pixels per latent along one side. */
export function vaeDownscale(config: VaeConfig): number {
  return 2 ** (config.blockOutChannels.length - 1);
}
