import { strFromU8, strToU8, unzipSync, Zip, ZipPassThrough, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { noMerging } from '#contract/request.ts';
import { packTessera, type TesseraFile } from './archive.ts';
import { appendMaps, mergeMapsFrom, type MapsEvent } from './merge-maps.ts';
import { decodeNpy, encodeNpy } from './npy.ts';
import { readTessera } from './read.ts';

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
/** A PNG as far as its header goes, which is all that is looked at. */
function pngOf(widthPx: number, heightPx: number): Uint8Array {
  const png = Uint8Array.from([
    0x89,
    0x50,
    0x4e,
    0x47,
    0x0d,
    0x0a,
    0x1a,
    0x0a,
    ...new Array<number>(17).fill(0),
  ]);
  const view = new DataView(png.buffer);
  view.setUint32(16, widthPx);
  view.setUint32(20, heightPx);
  return png;
}

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
  picture: pngOf(64, 64),
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
    expect(readTessera(await packTessera(file))).toEqual(file);
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
    const bytes = await crafted(change);
    expect(() => readTessera(bytes)).toThrow(expect.objectContaining(fault));
  });

  it('is refused wherever it is cut', async () => {
    const bytes = await packTessera(file);
    for (let length = 0; length < bytes.length; length += 7)
      expect(() => readTessera(bytes.subarray(0, length))).toThrow(expect.objectContaining(fault));
    expect(() => readTessera(strToU8('no zip at all'))).toThrow(expect.objectContaining(fault));
  });

  it('is read or refused, whatever byte is changed', async () => {
    const bytes = await packTessera(file);
    let refused = 0;
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ 0x5a;
      try {
        readTessera(changed);
      } catch (error) {
        expect(error).toMatchObject(fault);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(bytes.length / 4);
  });
});

describe('a crafted .tessera file', () => {
  const json = (entries: Record<string, Uint8Array>) =>
    JSON.parse(strFromU8(entries['tessera.json'] ?? new Uint8Array())) as {
      maps: { steps: { call: number }[]; blocks: { block: string; gridW: number }[]; grids: object[] };
    };
  const changed = (change: (index: ReturnType<typeof json>) => void) =>
    crafted((entries) => {
      const index = json(entries);
      change(index);
      entries['tessera.json'] = strToU8(JSON.stringify(index));
    });

  it.each(['../evil.npy', '/etc/passwd', 'maps/../../evil.npy', 'C:\\evil.npy', 'maps\\evil.npy', '..'])(
    'with an entry called %s is refused',
    async (name) => {
      const bytes = await crafted((entries) => (entries[name] = Uint8Array.of(1)));
      expect(() => readTessera(bytes)).toThrow(/an entry is called/);
    },
  );

  it('with too many entries is refused', () => {
    const bomb = zipSync(
      Object.fromEntries(Array.from({ length: 401 }, (_, i) => [`maps/b${i}.npy`, new Uint8Array(1)])),
    );
    expect(() => readTessera(bomb)).toThrow(/401 entries; allowed: 400/);
  });

  it('with one entry twice is refused', async () => {
    const parts: Uint8Array[] = [];
    const zip = new Zip((error, part) => {
      if (error !== null) throw error;
      parts.push(part);
    });
    for (const [name, bytes] of Object.entries(unzipSync(await packTessera(file))))
      for (let times = name === 'picture.png' ? 2 : 1; times > 0; times--) {
        const entry = new ZipPassThrough(name);
        zip.add(entry);
        entry.push(bytes, true);
      }
    zip.end();
    expect(() => readTessera(Uint8Array.from(parts.flatMap((part) => [...part])))).toThrow(/twice/);
  });

  it.each([
    ['maps/down.0.0.npy', 0x7fffffff, /would unpack to 2048 MB; allowed: 512 MB/],
    ['tessera.json', 0x7fffffff, /would unpack to 2048 MB; allowed: 8 MB/],
    ['picture.png', 0x7fffffff, /would unpack to 2048 MB; allowed: 128 MB/],
    ['maps/down.0.0.npy', 20, /another shape/],
    ['maps/down.0.0.npy', 100, /cannot be read/],
    ['maps/down.0.0.npy', 170, /cut off/],
    ['tessera.json', 40, /not JSON|cut off/],
  ])('whose %s says that it unpacks to %i bytes is refused', async (name, size, message) => {
    const bytes = (await packTessera(file)).slice();
    saySize(bytes, name, size);
    expect(() => readTessera(bytes)).toThrow(message);
  });

  it('that claims arrays of any size is refused before they are unpacked', async () => {
    const bytes = await changed(({ maps: { blocks } }) => {
      for (const block of blocks) block.gridW = 4096;
    });
    expect(() => readTessera(bytes)).toThrow(/another shape/);
  });

  it.each<[string, (index: ReturnType<typeof json>) => void]>([
    ['a block twice', ({ maps: { blocks } }) => blocks.push(...blocks)],
    [
      'a block whose name leads away',
      ({ maps: { blocks } }) => ((blocks[0] ?? { block: '' }).block = '../x'),
    ],
    ['no step', ({ maps }) => (maps.steps = [])],
    ['a grid of fractions', ({ maps: { blocks } }) => ((blocks[0] ?? { gridW: 0 }).gridW = 1.5)],
    ['a grid of no tokens', ({ maps: { blocks } }) => ((blocks[0] ?? { gridW: 0 }).gridW = 0)],
    ['a number of steps that is not the arrays’', ({ maps }) => maps.steps.pop()],
  ])('whose index has %s is refused', async (_, change) => {
    const bytes = await changed(change);
    expect(() => readTessera(bytes)).toThrow(expect.objectContaining(fault));
  });

  it('whose index has a number beyond all numbers is refused', async () => {
    const bytes = await crafted((entries) => {
      const text = strFromU8(entries['tessera.json'] ?? new Uint8Array());
      entries['tessera.json'] = strToU8(text.replace('"timestep": 999', '"timestep": 1e999'));
    });
    expect(() => readTessera(bytes)).toThrow(/timestep/);
  });

  it.each([
    ['no PNG', Uint8Array.of(1, 2, 3), /no PNG/],
    ['a picture too large to show', pngOf(100_000, 100_000), /100000 × 100000 pixels/],
    ['a picture of no pixels', pngOf(0, 8), /0 × 8 pixels/],
  ])('with %s is refused', async (_, picture, message) => {
    const bytes = await crafted((entries) => (entries['picture.png'] = picture));
    expect(() => readTessera(bytes)).toThrow(message);
  });

  it('may hold entries that are not ours: they are not unpacked', async () => {
    const bytes = await crafted((entries) => (entries['notes.txt'] = strToU8('hello')));
    expect(readTessera(bytes)).toEqual(file);
  });
});

/** Changes the unpacked size that a ZIP's central directory and local header say an entry has. */
function saySize(bytes: Uint8Array, name: string, size: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [local, central] = [0x04034b50, 0x02014b50];
  let found = 0;
  for (let at = 0; at + 46 < bytes.length; at++) {
    const mark = view.getUint32(at, true);
    const nameAt = mark === local ? at + 30 : mark === central ? at + 46 : undefined;
    if (nameAt === undefined || strFromU8(bytes.subarray(nameAt, nameAt + name.length)) !== name) continue;
    view.setUint32(at + (mark === local ? 22 : 24), size, true);
    found++;
  }
  if (found !== 2) throw new Error(`${name} was found ${found} times in the ZIP, expected 2.`);
}

describe('maps of a picture that is being made', () => {
  it('grow step by step to what they are in the end', () => {
    const steps = [step(1, [0, 0, 2, 3]), step(2, [0, 1, 0, -1]), step(3, [0, 1, 2, 2])];
    const grown = steps.map((each) => mergeMapsFrom([each])).reduce(appendMaps);
    expect(grown).toEqual(mergeMapsFrom(steps));
  });

  it('take in blocks that merge only later, and keep those that stop', () => {
    const other = { ...step(2, [1, 1, 2, 3]) };
    const late: MapsEvent = {
      ...other,
      blocks: other.blocks.map((block) => ({ ...block, block: 'up.3.0' })),
      destinations: [{ gridW: 1, gridH: 1, rows: 1, positions: Int32Array.of(0) }],
    };
    const grown = appendMaps(mergeMapsFrom([step(1, [0, 0, 2, 3])]), mergeMapsFrom([late]));
    expect(grown).toEqual(mergeMapsFrom([step(1, [0, 0, 2, 3]), late]));
  });
});
