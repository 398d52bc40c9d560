import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { toInfotext } from '#main/parameters.ts';
import { draftFromInfotext } from './infotext-draft.ts';
import { formatInfotext, parseInfotext } from './infotext.ts';
import { readPictureSettings } from './picture-settings.ts';
import { readPngText, writePngText } from './png/text.ts';
import { noMerging, partitionKinds, schedulerNames, type GenerationRequest } from './request.ts';

const plain = await sharp({ create: { width: 8, height: 6, channels: 3, background: '#123' } })
  .png()
  .toBuffer();
const withTexts = (texts: Record<string, string>) => writePngText(plain, new Map(Object.entries(texts)));
const request: GenerationRequest = {
  prompt: 'a red sun',
  negativePrompt: '',
  widthPx: 256,
  heightPx: 320,
  steps: 12,
  scheduler: 'euler',
  guidanceScale: 3.5,
  seed: 7,
  count: 1,
  merging: noMerging,
};
const infotextOf = (changes: Partial<GenerationRequest>) =>
  formatInfotext(
    toInfotext({ request: { ...request, ...changes }, seed: 7, modelName: 'a, "b": c', version: '1' }),
  );
const refusal = expect.objectContaining({ code: 'PICTURE_UNREADABLE' }) as Error;

describe('our own settings', () => {
  it.each(
    schedulerNames.map((scheduler, i) => {
      const partition = partitionKinds[i % partitionKinds.length] ?? 'random';
      const merging = { ...noMerging, ratio: 0.1 + i / 20, partition, sx: 1 + (i % 4) };
      const prompt = `line one, (weight:1.${i})\n\n산 위의 붉은 해: "quoted", 50%`;
      return { scheduler, merging, prompt, negativePrompt: 'moon\nSteps, many: of them' };
    }),
  )('come back from the text alone: $scheduler', (changes) => {
    const { count: _, ...fields } = { ...request, ...changes };
    expect(draftFromInfotext(parseInfotext(infotextOf(changes)))).toMatchObject({
      changes: fields,
      modelName: 'a, "b": c',
      unknown: [['Version', 'Tessera 1']],
    });
  });

  it('come back to the letter from the record, where the text would mistake a prompt for settings', () => {
    const prompt = '  sun\nNegative prompt: hills\nSteps: 1, Seed: 2, Size: 3x3  ';
    const record = JSON.stringify({ request: { ...request, prompt }, model: { name: 'demo' } });
    const png = withTexts({ parameters: infotextOf({ prompt }), tessera: record });
    expect(readPictureSettings(png)).toMatchObject({
      changes: { prompt, merging: noMerging },
      modelName: 'demo',
    });
  });

  it('come from the text where the record is damaged', () => {
    const png = withTexts({ parameters: infotextOf({}), tessera: '{"request":{"prompt":1}}' });
    expect(readPictureSettings(png).changes).toMatchObject({ prompt: 'a red sun', steps: 12 });
  });
});

describe('settings of other studios', () => {
  it('are read from A1111 and Forge, with every key that is not ours kept', () => {
    const parameters = [
      'masterpiece, (a cat:1.2)\nsitting <lora:x:0.8>',
      'Negative prompt: blurry,\nbad',
      'Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 18446744073709551615, Size: 512x768, ' +
        'Model hash: 6ce0161689, Model: v1-5, Denoising strength: , Lora hashes: "x: aa, y: bb", Token merging ratio: 7, Version: f2.0.1v1.10.1',
    ].join('\n');
    const { changes, unknown } = readPictureSettings(withTexts({ parameters }));
    expect(changes).toMatchObject({
      prompt: 'masterpiece, (a cat:1.2)\nsitting <lora:x:0.8>',
      negativePrompt: 'blurry,\nbad',
      scheduler: 'dpmpp_2m_karras',
    });
    // Neither rounded nor made 0 nor bent into what is allowed.
    expect(changes).not.toHaveProperty('seed');
    expect(changes).not.toHaveProperty('merging');
    expect(unknown).toEqual([
      ['Seed', '18446744073709551615'],
      ['Model hash', '6ce0161689'],
      ['Denoising strength', ''],
      ['Lora hashes', 'x: aa, y: bb'],
      ['Token merging ratio', '7'],
      ['Version', 'f2.0.1v1.10.1'],
    ]);
  });

  it('are a prompt alone where the last line is missing', () => {
    expect(readPictureSettings(withTexts({ parameters: 'a cat\nNegative prompt: dog' }))).toEqual({
      changes: { prompt: 'a cat', negativePrompt: 'dog' },
      unknown: [],
    });
  });

  it('are read from InvokeAI', () => {
    const metadata = {
      positive_prompt: 'a cat',
      negative_prompt: 'dog',
      width: 512,
      height: 768,
      seed: 5,
      cfg_scale: 7.5,
      steps: 30,
      scheduler: 'dpmpp_2m_k',
      model: { name: 'dreamy', base: 'sd-1' },
      clip_skip: 0,
      strength: null,
    };
    expect(readPictureSettings(withTexts({ invokeai_metadata: JSON.stringify(metadata) }))).toEqual({
      changes: {
        ...{ prompt: 'a cat', negativePrompt: 'dog', widthPx: 512, heightPx: 768, seed: 5 },
        ...{ steps: 30, guidanceScale: 7.5, scheduler: 'dpmpp_2m_karras' },
      },
      modelName: 'dreamy',
      unknown: [['clip_skip', '0']],
    });
  });

  it('are refused by name from ComfyUI, and where there are none', () => {
    expect(() => readPictureSettings(withTexts({ prompt: '{"3":{}}', workflow: '{}' }))).toThrow(/ComfyUI/);
    expect(() => readPictureSettings(plain)).toThrow(/no settings/);
    expect(() => readPictureSettings(withTexts({ invokeai_metadata: '[' }))).toThrow(refusal);
  });
});

describe('a picture made to break the reader', () => {
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), 4 + body.length);
    return out;
  };
  const withChunks = (chunks: Buffer[]) =>
    Buffer.concat([plain.subarray(0, 33), ...chunks, plain.subarray(33)]);
  const within = (ms: number, work: () => unknown) => {
    const began = performance.now();
    work();
    expect(performance.now() - began).toBeLessThan(ms);
  };

  it('with 100 MB of text is refused', () => {
    expect(() =>
      readPngText(withChunks([chunk('tEXt', Buffer.alloc(100 * 2 ** 20, 'parameters\0x'))])),
    ).toThrow(refusal);
  });

  it('with many texts that each unpack to much is refused before they fill the memory', () => {
    const unpacked = deflateSync(Buffer.alloc(3 * 2 ** 20, 97));
    for (const [type, head] of [
      ['zTXt', '\0\0'],
      ['iTXt', '\0\x01\0\0\0'],
    ] as const) {
      const bombs = Array.from({ length: 20 }, (_, i) =>
        chunk(type, Buffer.concat([Buffer.from(`k${i}${head}`, 'latin1'), unpacked])),
      );
      expect(() => readPngText(withChunks(bombs))).toThrow(/together/);
    }
  });

  it('that says it is larger than any picture is still only read for its texts', () => {
    const header = Buffer.from(plain.subarray(16, 29));
    header.writeUInt32BE(0x7fffffff, 0);
    const png = Buffer.concat([plain.subarray(0, 8), chunk('IHDR', header), plain.subarray(33)]);
    expect(readPngText(writePngText(png, new Map([['parameters', 'sun']]))).texts.get('parameters')).toBe(
      'sun',
    );
  });

  it('with bytes that are no UTF-8, or a text without an end, is read as far as it goes', () => {
    const broken = chunk(
      'iTXt',
      Buffer.concat([Buffer.from('parameters\0\0\0\0\0', 'latin1'), Buffer.from([0x61, 0xff, 0xc3])]),
    );
    expect(readPngText(withChunks([broken])).texts.get('parameters')).toBe('a\ufffd\ufffd');
    expect(readPngText(withChunks([chunk('tEXt', Buffer.from('no-end'))])).texts.size).toBe(0);
  });

  it.each([
    ['a long word', 'a'.repeat(2 ** 20)],
    ['many words', 'a b '.repeat(2 ** 18)],
    ['many keys without values', 'ab:'.repeat(2 ** 18)],
    ['many quotes', 'ab:"'.repeat(2 ** 18)],
    ['many escaped quotes', 'ab:"\\"'.repeat(2 ** 17)],
    ['a long gap', `a${' '.repeat(2 ** 20)}b`],
    ['many colons', ':'.repeat(2 ** 20)],
    ['many lines', 'a\n'.repeat(2 ** 19)],
  ])('with %s does not hold the reader up', (_, parameters) => {
    within(3000, () => draftFromInfotext(parseInfotext(parameters)));
  });

  it('cut at any place is read or refused, never anything else', () => {
    const png = withTexts({ parameters: infotextOf({}), tessera: '한글' });
    for (let length = 0; length < png.length; length++) {
      try {
        readPictureSettings(png.subarray(0, length));
      } catch (error) {
        expect(error).toMatchObject({ code: 'PICTURE_UNREADABLE' });
      }
    }
  });

  it('with any byte changed is read or refused, never anything else', () => {
    const png = withTexts({ parameters: infotextOf({}), invokeai_metadata: '{"positive_prompt":"x"}' });
    for (let at = 0; at < png.length; at++) {
      const changed = Uint8Array.from(png);
      changed[at] = (changed[at] ?? 0) ^ 0x55;
      try {
        readPictureSettings(changed);
      } catch (error) {
        expect(error).toMatchObject({ code: 'PICTURE_UNREADABLE' });
      }
    }
  });
});
