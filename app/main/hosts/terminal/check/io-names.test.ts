import { describe, expect, it } from 'vitest';
import { parseIoName } from './io-names.ts';
import { parseSchedulerCaseName } from './schedulers.ts';

const r50 = {
  ...{ ratio: 0.5, mode: 'merge', partition: 'cells-fixed', sharePartition: true },
  ...{ sx: 2, sy: 2, maxDownsample: 1, selfAttention: true, crossAttention: false, mlp: false },
  ...{
    side: 'all',
    importance: 0,
    matchScope: 'block',
    matchEvery: 1,
    matchWindow: 0,
    leaveOutCostly: false,
  },
};

describe('names in io.safetensors', () => {
  it.each([
    ['unet_16x40_out_t741', null],
    ['unet_16x40_out_t741_r0', null],
    ['unet_16x40_out_t741_r50', r50],
    ['unet_16x40_out_t741_r30_ds2', { ...r50, ratio: 0.3, maxDownsample: 2 }],
    ['unet_16x40_out_t741_r60_s4', { ...r50, ratio: 0.6, sx: 4, sy: 4 }],
    ['unet_16x40_out_t741_r60_s4x2', { ...r50, ratio: 0.6, sx: 4, sy: 2 }],
    ['unet_16x40_out_t741_r50_all', { ...r50, maxDownsample: 8, crossAttention: true, mlp: true }],
    ['unet_16x40_out_t741_r40_xattn', { ...r50, ratio: 0.4, selfAttention: false, crossAttention: true }],
    [
      'unet_16x40_out_t741_r40_mlp_ds4',
      { ...r50, ratio: 0.4, selfAttention: false, mlp: true, maxDownsample: 4 },
    ],
    ['unet_16x40_out_t741_r50_q', { ...r50, side: 'queries' }],
    ['unet_16x40_out_t741_r75_kv', { ...r50, ratio: 0.75, side: 'keys-values' }],
    ['unet_16x40_out_t741_r75_t65', { ...r50, ratio: 0.75, threshold: 0.65 }],
    ['unet_16x40_out_t741_todo2', { ...r50, ratio: 0.75, mode: 'downsample' }],
    ['unet_16x40_out_t741_todo4_ds2', { ...r50, ratio: 0.9375, mode: 'downsample', maxDownsample: 2 }],
  ])('reads %s', (name, merging) => {
    expect(parseIoName(name)).toEqual({ kind: 'unet', sample: 'unet_16x40_sample', timestep: 741, merging });
  });

  it('reads loops, inputs and the other nets', () => {
    expect(parseIoName('loop_r0_latents')).toEqual({
      ...{ kind: 'loop', output: 'latents', merging: null, stepCache: undefined },
    });
    expect(parseIoName('loop_r0_dc2b1_latents')).toMatchObject({
      ...{ merging: null, stepCache: { interval: 2, branch: 1 } },
    });
    expect(parseIoName('loop_r50_ds2_dc3b0_latents')).toMatchObject({
      ...{ merging: { maxDownsample: 2 }, stepCache: { interval: 3, branch: 0 } },
    });
    expect(parseIoName('loop_r50_image')).toEqual({
      ...{ kind: 'loop', output: 'image', merging: r50, stepCache: undefined },
    });
    expect(parseIoName('loop_r50_s4_image')).toMatchObject({ merging: { sx: 4, sy: 4 } });
    expect(parseIoName('unet_13x17_sample')).toEqual({ kind: 'input' });
    expect(parseIoName('clip_hidden')).toEqual({ kind: 'text' });
  });

  it.each([
    'unet_16x16_out_t741_r50_zoom',
    'unet_16_out_t741',
    'loop_r50',
    'clip_pooled',
    'unet_1x1_out_t1_r5_s0',
    'toString',
  ])('knows no meaning of %s', (name) => {
    expect(parseIoName(name)).toBeUndefined();
  });
});

describe('names of scheduler cases', () => {
  it('takes the longest scheduler name and the steps at the end', () => {
    expect(parseSchedulerCaseName('dpmpp_2m_karras_4')).toEqual({ scheduler: 'dpmpp_2m_karras', steps: 4 });
    expect(parseSchedulerCaseName('euler_a_20')).toEqual({ scheduler: 'euler_a', steps: 20 });
    expect(parseSchedulerCaseName('euler_v_trailing_7')).toEqual({ scheduler: 'euler', steps: 7 });
  });

  it('refuses other names', () => {
    expect(() => parseSchedulerCaseName('ddpm_4')).toThrow(/NAME_STEPS/);
    expect(() => parseSchedulerCaseName('euler')).toThrow(/NAME_STEPS/);
  });
});
