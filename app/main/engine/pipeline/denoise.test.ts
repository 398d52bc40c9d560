import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tomesdMerging } from '#contract/request.ts';
import type { GenerationRequest } from '#contract/request.ts';
import { expectClose, ofLargest } from '#tests/expect-close.ts';
import { openGoldenModel } from '#tests/golden-model.ts';
import type { GoldenModelName, GoldenTensors } from '#tests/golden-model.ts';
import { decodeLatents } from './decode.ts';
import { denoise } from './denoise.ts';
import { Model } from './model.ts';

/** Six DDIM steps with guidance 7.5 through guidance and scheduler add up more rounding than one pass; measured 4e-6. */
const share = 1e-4;

describe.each<GoldenModelName>(['tiny-sd15', 'tiny-sd21'])('%s: the loop as diffusers ran it', (name) => {
  let model: Model;
  let io: GoldenTensors;
  beforeAll(async () => {
    const golden = await openGoldenModel(name);
    model = new Model(golden.checkpoint);
    io = golden.io;
  });
  afterAll(() => model.release());

  test.each([
    ['r0', 0],
    ['r50', 0.5],
  ])('%s', async (golden, ratio) => {
    const request: GenerationRequest = {
      prompt: '',
      negativePrompt: '',
      widthPx: 128,
      heightPx: 128,
      steps: 6,
      scheduler: 'ddim',
      guidanceScale: 7.5,
      seed: 0,
      count: 1,
      merging: { ...tomesdMerging, ratio, partition: 'cells-fixed' },
    };
    const { data: start, shape: startShape } = await io.floats('loop_x0');
    const [, , latentH = 0, latentW = 0] = startShape;
    const { data: text, shape } = await io.floats('clip_hidden');
    const [, positions = 0] = shape;
    const seen: number[] = [];
    const latents = await denoise({
      model,
      unet: await model.unet(request.merging, request.stepCache),
      request,
      seed: 0,
      generator: { randn: () => start },
      // The golden's rows are prompt, negative prompt; ours the other way about.
      prompts: {
        ...{ hidden: swapRows(text), batch: 2, positions },
        ...{ tokenCount: 0, negativeTokenCount: 0, tokeniseMs: 0, textMs: 0 },
      },
      size: { latentH, latentW },
      wantMaps: false,
      afterCall: ({ effectiveRatio }) => {
        seen.push(effectiveRatio);
        return Promise.resolve();
      },
    });
    expect(seen).toEqual(Array.from({ length: 6 }, () => ratio));
    const { data: allSteps } = await io.floats(`loop_${golden}_latents`);
    const expected = allSteps.subarray(-latents.length);
    expectClose(latents, expected, ofLargest(expected, share), 'latents');
    const { planes, strips } = await decodeLatents(
      await model.decoding(latentH, latentW),
      model.checkpoint.vae.config,
      latents,
      latentH,
      latentW,
      () => Promise.resolve(),
    );
    expect(strips).toBe(1);
    const { data: image } = await io.floats(`loop_${golden}_image`);
    expectClose(planes, image, ofLargest(image, share), 'pixels');
  });
});

function swapRows(rows: Float32Array): Float32Array {
  const half = rows.length / 2;
  const swapped = new Float32Array(rows.length);
  swapped.set(rows.subarray(half), 0);
  swapped.set(rows.subarray(0, half), half);
  return swapped;
}
