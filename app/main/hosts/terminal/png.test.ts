import sharp from 'sharp';
import { expect, test } from 'vitest';
import { readPngChunks, readPngTexts } from '#tests/png.ts';
import { encodePng } from './png.ts';

const rgb = Uint8Array.from({ length: 3 * 4 * 2 }, (_, i) => i * 10);

test('pixels come back as they were', async () => {
  const png = await encodePng(rgb, 4, 2, new Map([['parameters', 'x']]));
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels]).toEqual([4, 2, 3]);
  expect([...data]).toEqual([...rgb]);
});

test.each([
  ['tEXt', 'a café\nSteps: 1'],
  ['iTXt', '夕日 over 山 🌄\nSteps: 1'],
])('%s, right after the header, carries its text', async (type, text) => {
  const png = await encodePng(rgb, 4, 2, new Map([['parameters', text]]));
  expect(readPngTexts(png)).toEqual(new Map([['parameters', text]]));
  expect(
    readPngChunks(png)
      .map((chunk) => chunk.type)
      .slice(0, 2),
  ).toEqual(['IHDR', type]);
});

test('other readers find the text', async () => {
  const png = await encodePng(rgb, 4, 2, new Map([['parameters', 'a sun\nSteps: 1']]));
  expect((await sharp(png).metadata()).comments).toEqual([
    { keyword: 'parameters', text: 'a sun\nSteps: 1' },
  ]);
});
