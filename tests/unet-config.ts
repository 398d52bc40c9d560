import type { UnetConfig } from '#kernels/nets/configs.ts';

/** The configuration of tests/golden/tiny-sd15: four levels laid out as in Stable Diffusion 1.5, few channels. */
export const tinyUnetConfig: UnetConfig = {
  inChannels: 4,
  outChannels: 4,
  blockOutChannels: [32, 32, 64, 64],
  downBlockTypes: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  upBlockTypes: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
  layersPerBlock: 2,
  headCounts: [8, 8, 8, 8],
  crossAttentionDim: 32,
  useLinearProjection: false,
  normNumGroups: 32,
  normEps: 1e-5,
  flipSinToCos: true,
  freqShift: 0,
};
