import { describe, expect, it } from 'vitest';
import { parseTextConfig } from '#library/configs/text.ts';
import { parseUnetConfig } from '#library/configs/unet.ts';
import { parseVaeConfig } from '#library/configs/vae.ts';
import { readLayout } from '#tests/real-layouts.ts';
import { expectedClipTextTensors, expectedUnetTensors, expectedVaeTensors } from './tensors.ts';

const sorted = (tensors: Iterable<readonly [string, readonly number[]]>) =>
  [...tensors].map(([name, shape]) => `${name} [${shape.join(', ')}]`).sort();

describe('the tensors that a net needs', () => {
  it.each(['sd15', 'sd21'] as const)('are those of the real U-Net: %s', async (model) => {
    const { config, tensors } = await readLayout(model, 'unet');
    const expected = expectedUnetTensors(parseUnetConfig('unet', config));
    expect(expected.size).toBe(686);
    expect(sorted(expected)).toEqual(sorted(Object.entries(tensors)));
  });

  it.each(['sd15', 'sd21'] as const)('are those of the real text encoder: %s', async (model) => {
    const { config, tensors } = await readLayout(model, 'text_encoder');
    const expected = expectedClipTextTensors(parseTextConfig('text', config));
    expect(sorted(expected)).toEqual(sorted(Object.entries(tensors)));
  });

  it('are those of the real VAE, both ways', async () => {
    const { config, tensors } = await readLayout('sd15', 'vae');
    const expected = expectedVaeTensors(parseVaeConfig('vae', config));
    expect(sorted(expected)).toEqual(sorted(Object.entries(tensors)));
  });

  it('of a VAE leave out what its configuration leaves out', async () => {
    const { config } = await readLayout('sd15', 'vae');
    const whole = parseVaeConfig('vae', config);
    const bare = { ...whole, midBlockAttention: false, useQuantConv: false, usePostQuantConv: false };
    const names = [...expectedVaeTensors(bare).keys()];
    const missing = [...expectedVaeTensors(whole).keys()].filter((name) => !names.includes(name));
    expect(missing.every((name) => /quant_conv\.|mid_block\.attentions\.0\./.test(name))).toBe(true);
    expect(missing).toHaveLength(2 * 2 + 2 * 10);
  });

  it('of a text encoder without its last layer leave that layer out', async () => {
    const { config } = await readLayout('sd15', 'text_encoder');
    const last = parseTextConfig('text', config);
    const all = [...expectedClipTextTensors(last).keys()];
    const fewer = new Set(expectedClipTextTensors({ ...last, outputLayer: 'penultimate' }).keys());
    const missing = all.filter((name) => !fewer.has(name));
    expect(missing).toHaveLength(16);
    expect(missing.every((name) => name.startsWith('text_model.encoder.layers.11.'))).toBe(true);
  });
});
