import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeEach, describe, expect, test } from 'vitest';
import { parseInfotext } from '#contract/infotext.ts';
import { readPngTexts } from '#tests/png.ts';
import { temporaryFolder } from '#tests/temporary.ts';
import { runTessera, tinyModel } from './run-tessera.ts';
import type { Ended } from './run-tessera.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

// Grids as small as these would be left out, since merging costs more there than it saves.
const small = [
  ...['--model', tinyModel, '--size', '64x72', '--steps', '2', '--seed', '11'],
  '--merge-costly',
];

async function generate(...options: string[]): Promise<Ended> {
  const ended = await runTessera(['generate', 'a red sun, 夕日', ...small, ...options], folder);
  expect(ended).toMatchObject({ code: 0 });
  return ended;
}

test('a picture: the size asked for, settings that read back, the path on stdout and the rest on stderr', async () => {
  const { stdout, stderr } = await generate(
    '--negative',
    'blur: 1, 2',
    '--out',
    'sun.png',
    '--ratio',
    '0.5',
    '--ratio-end',
    '.25',
  );
  expect(stdout.trim()).toBe(join(folder, 'sun.png'));
  expect(stderr).toMatch(/64×72 px, 2 steps of ddim, guidance 7.5, seed 11/);
  expect(stderr).toMatch(
    /ratio 0.5 to 0.25 asked, 50 % to 25 % of the tokens merged \(queries; keys and values sampled\) in 5 blocks: 180 to 270 of 360 left/,
  );
  expect(stderr).toMatch(/step 2 of 2/);
  const png = await readFile(join(folder, 'sun.png'));
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels]).toEqual([64, 72, 3]);
  expect(new Set(data).size).toBeGreaterThan(10);
  const text = parseInfotext(readPngTexts(png).get('parameters') ?? '');
  expect(text).toMatchObject({ prompt: 'a red sun, 夕日', negativePrompt: 'blur: 1, 2' });
  expect(Object.fromEntries(text.settings)).toMatchObject({
    Steps: '2',
    Sampler: 'DDIM',
    'CFG scale': '7.5',
    Seed: '11',
    Size: '64x72',
    Model: 'tiny-sd15',
    'Token merging ratio': '0.5',
    'Token merging ratio end': '0.25',
    'Token merging partition': 'cells-random',
  });
  expect(await readdir(folder)).toEqual(['sun.png']);
});

test('--json: one object with request, merging, pictures, maps and figures; several pictures of one seed after another', async () => {
  await generate('--out', 'alone.png', '--ratio', '0.5', '--seed', '12', '--quiet');
  const { stdout, stderr } = await generate(
    '--json',
    '--count',
    '2',
    '--out',
    'series.png',
    '--ratio',
    '0.5',
    '--maps',
    'maps',
  );
  expect(stderr).toBe('');
  const result = JSON.parse(stdout) as {
    pictures: { path: string; seed: number; figures: { stepsMs: number[] } }[];
    figures: { startToFirstStepMs: number; peakMemory: { bytes: number } };
  };
  expect(result).toMatchObject({
    ok: true,
    model: 'tiny-sd15',
    request: { seed: 11, count: 2, merging: { ratio: 0.5 } },
    merging: { effectiveRatio: 0.5, maxRatio: expect.closeTo(0.778, 3) as number },
    maps: join(folder, 'maps'),
  });
  expect(result.pictures.map(({ path, seed }) => [path, seed])).toEqual([
    [join(folder, 'series-1.png'), 11],
    [join(folder, 'series-2.png'), 12],
  ]);
  expect(result.pictures[0]?.figures.stepsMs).toHaveLength(2);
  expect(result.figures.startToFirstStepMs).toBeGreaterThan(0);
  expect(result.figures.peakMemory.bytes).toBeGreaterThan(1e7);
  // Seed 12 on its own gives the very same file: pixels, text and all, but for the count of the job.
  expect(await pixels('series-2.png')).toEqual(await pixels('alone.png'));
  expect(await pixels('series-1.png')).not.toEqual(await pixels('alone.png'));
  await checkMaps(join(folder, 'maps'));
});

async function pixels(name: string): Promise<Buffer> {
  return sharp(join(folder, name)).raw().toBuffer();
}

/** As docs/usage.md describes them. */
async function checkMaps(path: string): Promise<void> {
  const index = JSON.parse(await readFile(join(path, 'maps.json'), 'utf8')) as {
    widthPx: number;
    pictures: { picture: number; seed: number }[];
    steps: {
      picture: number;
      call: number;
      effectiveRatio: number;
      destinations: { gridW: number; gridH: number; rows: number; file: string }[];
      blocks: { block: string; gridW: number; gridH: number; batch: number; file: string }[];
    }[];
  };
  expect(index).toMatchObject({ format: 'tessera-maps', version: 1, widthPx: 64, heightPx: 72 });
  expect(index.pictures.map(({ seed }) => seed)).toEqual([11, 12]);
  expect(index.steps.map(({ picture, call }) => [picture, call])).toEqual([
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
  ]);
  const [step] = index.steps;
  const block = step?.blocks[0];
  const destinations = step?.destinations[0];
  expect(block).toMatchObject({ block: 'down_blocks.0.attentions.0', gridW: 8, gridH: 9, batch: 2 });
  const map = await readNpy(join(path, block?.file ?? ''));
  const dst = await readNpy(join(path, destinations?.file ?? ''));
  expect([map.shape, dst.shape]).toEqual(['(2, 72)', '(1, 16)']);
  const isDestination = new Set(dst.data);
  map.data.forEach((to, i) => {
    expect(to === i % 72 || isDestination.has(to)).toBe(true);
  });
  expect(new Set(map.data.subarray(0, 72)).size).toBe(36);
  const files = index.steps.flatMap(({ destinations: d, blocks }) =>
    [...d, ...blocks].map(({ file }) => file),
  );
  expect((await readdir(path)).toSorted()).toEqual([...files, 'maps.json'].toSorted());
}

/** numpy.lib.format, version 1.0. */
async function readNpy(path: string): Promise<{ shape: string; data: Int32Array }> {
  const bytes = await readFile(path);
  expect(bytes.toString('latin1', 0, 8)).toBe('\x93NUMPY\x01\x00');
  const start = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, start);
  expect(header).toContain("'descr': '<i4', 'fortran_order': False");
  expect(start % 64).toBe(0);
  const count = (bytes.length - start) / 4;
  return {
    shape: /'shape': (\(.*?\))/.exec(header)?.[1] ?? '',
    data: Int32Array.from({ length: count }, (_, i) => bytes.readInt32LE(start + 4 * i)),
  };
}

describe('the same request', () => {
  test('gives the same bytes, and other merging options without a ratio change nothing', async () => {
    await generate('--out', 'a.png', '--quiet');
    await generate(
      '--out',
      'b.png',
      '--quiet',
      '--ratio',
      '0',
      '--partition',
      'columns',
      '--max-downsample',
      '8',
    );
    expect(await readFile(join(folder, 'a.png'))).toEqual(await readFile(join(folder, 'b.png')));
  });

  test('in a folder never takes a name that is taken; a named file is replaced', async () => {
    const first = await generate('--out', 'pictures', '--guidance', '1', '--quiet');
    const second = await generate('--out', 'pictures', '--guidance', '1', '--quiet');
    expect(first.stdout.trim()).toBe(join(folder, 'pictures', '11-a-red-sun.png'));
    expect(second.stdout.trim()).toBe(join(folder, 'pictures', '11-a-red-sun-2.png'));
    const before = await readFile(first.stdout.trim());
    await generate('--out', first.stdout.trim(), '--guidance', '1', '--seed', '12', '--quiet');
    expect(await readFile(first.stdout.trim())).not.toEqual(before);
  });
});

test('a preview is kept in its own file, as small as the latents', async () => {
  await generate('--out', 'a.png', '--preview', 'preview.png', '--quiet');
  const { width, height } = await sharp(join(folder, 'preview.png')).metadata();
  expect([width, height]).toEqual([8, 9]);
  expect((await readdir(folder)).toSorted()).toEqual(['a.png', 'preview.png']);
});

test('without a seed one is drawn and told, and it makes the same picture again', async () => {
  const args = ['generate', 'a sun', '--model', tinyModel, '--size', '64x64', '--steps', '1', '--json'];
  const { stdout } = await runTessera([...args, '--out', 'a.png'], folder);
  const { request } = JSON.parse(stdout) as { request: { seed: number } };
  await runTessera([...args, '--out', 'b.png', '--seed', String(request.seed)], folder);
  expect(await readFile(join(folder, 'a.png'))).toEqual(await readFile(join(folder, 'b.png')));
});
