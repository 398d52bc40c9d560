import { strToU8, unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { noMerging } from '#contract/request.ts';
import { packTessera, readTessera, type TesseraFile } from './archive.ts';
import { mergeMapsFrom, type MapsEvent } from './merge-maps.ts';
import { decodeNpy, encodeNpy } from './npy.ts';

const step = (call: number, map: number[]): MapsEvent => ({
  type: 'maps',
  id: 1,
  picture: 0,
  call,
  timestep: 1000 - call,
  effectiveRatio: 0.5,
  destinations: [{ gridW: 2, gridH: 2, rows: 1, positions: Int32Array.of(0) }],
  blocks: [{ block: 'down.0.0', gridW: 2, gridH: 2, batch: 1, map: Int32Array.from(map) }],
});
const maps = mergeMapsFrom([step(1, [0, 0, 2, 3]), step(2, [0, 1, 0, -1])]);
const file: TesseraFile = {
  kind: 'picture',
  request: {
    prompt: 'a red sun',
    negativePrompt: '',
    widthPx: 64,
    heightPx: 64,
    steps: 2,
    scheduler: 'euler',
    guidanceScale: 3,
    seed: 1,
    count: 1,
    merging: { ...noMerging, ratio: 0.5 },
  },
  modelName: 'demo',
  figures: { totalMs: 12 },
  createdAt: 5,
  maps,
  picture: Uint8Array.of(1, 2, 3),
};
const fault = { code: 'ARCHIVE_INVALID' };

/** The packed file with some entries changed. */
async function crafted(change: (entries: Record<string, Uint8Array>) => void): Promise<Uint8Array> {
  const entries = unzipSync(await packTessera(file));
  change(entries);
  return zipSync(entries);
}

describe('.npy', () => {
  it('gives back what it wrote', () => {
    const data = Int32Array.of(1, -1, 2 ** 31 - 1, 7, 8, 9);
    expect(decodeNpy(encodeNpy(data, [2, 3]))).toEqual({ data, shape: [2, 3] });
    expect(decodeNpy(encodeNpy(Float32Array.of(0.5), [1]))).toEqual({
      data: Float32Array.of(0.5),
      shape: [1],
    });
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['a cut file', encodeNpy(Int32Array.of(1, 2), [2]).subarray(0, 130)],
    ['a shape larger than its data', encodeNpy(Int32Array.of(1, 2), [2000])],
  ])('refuses %s', (_, bytes) => {
    expect(() => decodeNpy(bytes)).toThrow(expect.objectContaining(fault));
  });
});

describe('a .tessera file', () => {
  it('gives back picture, request, figures and maps', async () => {
    expect(await readTessera(await packTessera(file))).toEqual(file);
  });

  it('fills steps in which a block did not merge with tokens that stand for themselves', () => {
    const late = { ...step(1, []), blocks: [], destinations: [] };
    const { blocks, grids } = mergeMapsFrom([late, step(2, [0, 0, 0, 0])]);
    expect([...(blocks[0]?.map ?? [])]).toEqual([0, 1, 2, 3, 0, 0, 0, 0]);
    expect([...(grids[0]?.destinations ?? [])]).toEqual([-1, 0]);
  });

  it.each<[string, (entries: Record<string, Uint8Array>) => void]>([
    ['without its index', (e) => delete e['tessera.json']],
    ['whose index is no JSON', (e) => (e['tessera.json'] = strToU8('{'))],
    [
      'of another format',
      (e) => (e['tessera.json'] = strToU8('{"format":"other","version":1,"kind":"maps"}')),
    ],
    [
      'of a later version',
      (e) => (e['tessera.json'] = strToU8('{"format":"tessera","version":9,"kind":"maps"}')),
    ],
    ['that lacks a map', (e) => delete e['maps/down.0.0.npy']],
    ['whose map has another shape', (e) => (e['maps/down.0.0.npy'] = encodeNpy(Int32Array.of(0, 1), [2]))],
    [
      'that names a token outside its grid',
      (e) => (e['maps/down.0.0.npy'] = encodeNpy(Int32Array.of(0, 1, 2, 3, 0, 1, 2, 4), [2, 1, 4])),
    ],
    [
      'whose map holds fractions',
      (e) => (e['maps/down.0.0.npy'] = encodeNpy(new Float32Array(8), [2, 1, 4])),
    ],
  ])('is refused %s', async (_, change) => {
    await expect(readTessera(await crafted(change))).rejects.toMatchObject(fault);
  });

  it('is refused when it is cut, no zip, or would unpack to more than it may', async () => {
    const bytes = await packTessera(file);
    await expect(readTessera(bytes.subarray(0, bytes.length / 2))).rejects.toMatchObject(fault);
    await expect(readTessera(strToU8('no zip at all'))).rejects.toMatchObject(fault);
    const bomb = zipSync(
      Object.fromEntries(Array.from({ length: 401 }, (_, i) => [`maps/b${i}.npy`, new Uint8Array(1)])),
    );
    await expect(readTessera(bomb)).rejects.toMatchObject(fault);
  });
});
