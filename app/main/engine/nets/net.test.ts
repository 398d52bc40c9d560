import { describe, expect, it } from 'vitest';
import { EngineError } from '#contract/errors.ts';
import type { KernelError } from '#kernels/errors.ts';
import { tomesdMatching, type MergeStructure } from '#kernels/tome/structure.ts';
import { openGoldenModel } from '#tests/golden-model.ts';
import { floatOutput } from './net.ts';
import { loadUnet } from './unet.ts';

describe('loading a net', () => {
  it('keeps what the kernels say of weights that do not fit', async () => {
    const { unet } = (await openGoldenModel('tiny-sd15')).checkpoint;
    const part = { ...unet, config: { ...unet.config, crossAttentionDim: 24 } };
    const error = await loadUnet(part, null).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EngineError);
    expect(error).toMatchObject({
      code: 'ENGINE_FAILED',
      cause: expect.objectContaining({ code: 'KERNEL_WEIGHTS' }) as KernelError,
      message: expect.stringContaining(
        'down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight: expected [32, 24], found [32, 32]',
      ) as string,
    });
  });

  it('refuses to merge in a block that the model does not have', async () => {
    const { unet } = (await openGoldenModel('tiny-sd15')).checkpoint;
    const structure: MergeStructure = {
      ...{ mode: 'merge', blocks: ['up_blocks.0.attentions.0'], modules: ['self'] },
      ...tomesdMatching,
    };
    await expect(loadUnet(unet, structure)).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      message: expect.stringMatching(
        /^No attention block is called up_blocks\.0\.attentions\.0; this U-Net has down_blocks\.0\.attentions\.0, /,
      ) as string,
    });
  });
});

describe('floatOutput', () => {
  it('refuses an output that is absent or of another type', () => {
    expect(() => floatOutput({}, 'noise')).toThrow('gave noise in another type');
    const outputs = { noise: { data: Int32Array.of(1), shape: [1] } };
    expect(() => floatOutput(outputs, 'noise')).toThrow('gave noise in another type');
  });
});
