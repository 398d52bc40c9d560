import { symlink, truncate, writeFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ModelError } from '#contract/errors.ts';
import { writeHeader, writeSafetensors } from '#tests/safetensors-file.ts';
import { temporaryFolder } from '#tests/temporary.ts';
import { readSafetensorsHeader, readTensor } from './safetensors.ts';

const golden = join(import.meta.dirname, '..', '..', '..', 'tests', 'golden');

async function file(): Promise<string> {
  return join(await temporaryFolder(), 'model.safetensors');
}

/** What the reader says about a header; `dataBytes` zeros follow it. */
async function refusal(header: string | Uint8Array, dataBytes = 0): Promise<ModelError> {
  const path = await file();
  await writeHeader(path, header, dataBytes);
  const error = await readSafetensorsHeader(path).catch((caught: unknown) => caught);
  if (error instanceof ModelError) return error;
  throw new Error(`no ModelError, but ${String(error)}`);
}

const entry = (begin: number, end: number, shape: number[], dtype = 'F32') =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

describe('readSafetensorsHeader', () => {
  it('gives dtype, shape and place of every tensor, and the metadata', async () => {
    const path = await file();
    const a = { dtype: 'F32', shape: [2, 3] };
    const b = { dtype: 'BF16', shape: [] };
    await writeSafetensors(path, { a, b, empty: { dtype: 'I64', shape: [0] } }, { format: 'pt' });
    const read = await readSafetensorsHeader(path);
    const start = read.sizeBytes - 26;
    expect(read.metadata.get('format')).toBe('pt');
    expect([...read.tensors]).toEqual([
      ['a', { ...a, offsetBytes: start, sizeBytes: 24 }],
      ['b', { ...b, offsetBytes: start + 24, sizeBytes: 2 }],
      ['empty', { dtype: 'I64', shape: [0], offsetBytes: start + 26, sizeBytes: 0 }],
    ]);
  });

  it('accepts the spaces that writers put behind the header', async () => {
    const path = await file();
    await writeHeader(path, `{"a":${entry(0, 4, [1])}}     `, 4);
    expect((await readSafetensorsHeader(path)).tensors.size).toBe(1);
  });

  it('reads a file written by the reference library', async () => {
    const read = await readSafetensorsHeader(join(golden, 'tome', 'single.safetensors'));
    expect(read.tensors.get('x')?.dtype).toBe('F32');
    expect((await readTensor(read, 'x')).data.length).toBeGreaterThan(0);
  });

  it.each([
    ['a header that is not JSON', '{"a":', 'not valid JSON'],
    ['a key that stands twice', `{"a":${entry(0, 4, [1])},"\\u0061":${entry(0, 4, [1])}}`, 'twice'],
    [
      'a key that stands twice inside an entry',
      '{"a":{"dtype":"F32","dtype":"F16","shape":[],"data_offsets":[0,4]}}',
      'twice',
    ],
    ['an entry that is no object', '{"a":[1]}', 'not an object'],
    ['an entry that is null', '{"a":null}', 'not an object'],
    ['an unknown dtype', `{"a":${entry(0, 4, [1], 'F31')}}`, 'F31'],
    [
      'a dtype named like a property of every object',
      `{"a":${entry(0, 4, [1], 'constructor')}}`,
      'constructor',
    ],
    ['no dtype', '{"a":{"shape":[1],"data_offsets":[0,4]}}', 'none'],
    [
      'a dtype hidden in a prototype',
      '{"a":{"__proto__":{"dtype":"F32"},"shape":[1],"data_offsets":[0,4]}}',
      'none',
    ],
    ['a fraction in the shape', `{"a":${entry(0, 4, [0.5])}}`, 'shape'],
    ['a negative dimension', `{"a":${entry(0, 4, [-1])}}`, 'shape'],
    [
      'a dimension beyond 2^53',
      '{"a":{"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,4]}}',
      'shape',
    ],
    ['a size that overflows', `{"a":${entry(0, 0, [2 ** 52, 2 ** 52, 2 ** 52])}}`, 'takes'],
    ['too many dimensions', `{"a":${entry(0, 4, Array<number>(17).fill(1))}}`, 'at most 16'],
    ['offsets that run backwards', `{"a":${entry(4, 0, [1])}}`, 'takes 4 bytes'],
    ['offsets that do not fit the shape', `{"a":${entry(0, 4, [2])}}`, 'takes 8 bytes'],
    ['three offsets', '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}', 'data_offsets'],
    ['tensors that overlap', `{"a":${entry(0, 8, [2])},"b":${entry(4, 8, [1])}}`, 'overlaps'],
    ['a hole between tensors', `{"a":${entry(0, 4, [1])},"b":${entry(8, 12, [1])}}`, 'belong to no tensor'],
    ['a hole before the first tensor', `{"a":${entry(4, 8, [1])}}`, 'belong to no tensor'],
    ['tensors beyond the end of the file', `{"a":${entry(0, 400, [100])}}`, 'cut short'],
    ['bytes behind the last tensor', '{}', 'at the end belong to no tensor'],
    ['metadata that is no object', '{"__metadata__":3}', '__metadata__'],
    ['metadata that is not text', '{"__metadata__":{"a":1}}', '__metadata__'],
    ['an empty name', `{"":${entry(0, 4, [1])}}`, '0 characters'],
    ['a very long name', `{"${'n'.repeat(600)}":${entry(0, 4, [1])}}`, '600 characters'],
    ['control characters in a name', `{"a\\u001b[2J":${entry(0, 4, [1])}}`, 'cannot be shown'],
  ])('refuses %s', async (_what, header, found) => {
    const error = await refusal(header, 12);
    expect(error.code).toBe('MODEL_HEADER_INVALID');
    expect(error.message).toContain(found);
    expect(error.message).toContain('Download the file again');
  });

  it('refuses bytes that are not UTF-8', async () => {
    const error = await refusal(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]));
    expect(error.message).toContain('UTF-8');
  });

  it('treats tensors named after properties of every object like any other', async () => {
    const path = await file();
    await writeHeader(path, `{"__proto__":${entry(0, 4, [1])},"constructor":${entry(4, 8, [1])}}`, 8);
    const read = await readSafetensorsHeader(path);
    expect([...read.tensors.keys()]).toEqual(['__proto__', 'constructor']);
    expect(Object.hasOwn(Object.prototype, 'dtype')).toBe(false);
  });

  it('refuses a nesting without end as fast as any other header', async () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    for (const header of [
      `{"a":${deep}}`,
      `{"a":{"dtype":${deep}}}`,
      `{"a":{"dtype":"F32","shape":${deep}}}`,
    ]) {
      expect((await refusal(header)).code).toBe('MODEL_HEADER_INVALID');
    }
  });

  it.each([
    ['longer than the file', 1_000_000n],
    ['beyond the limit', 2n ** 40n],
    ['beyond what a number can hold', 2n ** 64n - 1n],
    ['nothing', 0n],
  ])('refuses a header that claims to be %s', async (_what, claimed) => {
    const path = await file();
    await writeHeader(path, '[]', 100, claimed);
    await expect(readSafetensorsHeader(path)).rejects.toMatchObject({
      code: 'MODEL_HEADER_INVALID',
      message: expect.stringContaining(`claims ${claimed} bytes`) as string,
    });
  });

  it('refuses a header over 100 MB without reading it', async () => {
    const path = await file();
    await writeHeader(path, '{', 200_000_000, 150_000_000n);
    await expect(readSafetensorsHeader(path)).rejects.toThrow('allowed: 2 to 100000000');
  });

  it('tells how many bytes a truncated file lacks', async () => {
    const path = await file();
    await writeSafetensors(path, { a: { dtype: 'F32', shape: [100] } });
    const { sizeBytes } = await readSafetensorsHeader(path);
    await truncate(path, sizeBytes - 100);
    await expect(readSafetensorsHeader(path)).rejects.toThrow('100 are missing');
    await truncate(path, 5);
    await expect(readSafetensorsHeader(path)).rejects.toThrow('has 5 bytes');
  });

  it('says that a file cannot be read', async () => {
    const folder = await temporaryFolder();
    const loop = join(folder, 'loop.safetensors');
    await symlink(loop, loop);
    for (const path of [join(folder, 'absent.safetensors'), folder, loop]) {
      await expect(readSafetensorsHeader(path)).rejects.toMatchObject({ code: 'MODEL_UNREADABLE' });
    }
  });
});

describe('other formats named .safetensors', () => {
  it.each([
    ['a zip archive, as torch.save writes', Buffer.from('PK\x03\x04 archive/data.pkl', 'latin1'), 'pickle'],
    ['another zip archive', Buffer.from('PK\x05\x06', 'latin1'), 'zip'],
    ['a pickle', Buffer.from([0x80, 0x02, 0x7d, 0x71, 0x00, 0x28, 0x58, 0x05, 0x00, 0x00]), 'pickle'],
    [
      'a Git LFS pointer',
      Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n'),
      'LFS',
    ],
    ['a web page', Buffer.from('\n<!DOCTYPE html><html>sign in</html>'), 'web page'],
    ['GGUF', Buffer.from('GGUF\x03\x00\x00\x00'), 'GGUF'],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), 'gzip'],
    ['a JSON text', Buffer.from('{"_class_name": "StableDiffusionPipeline"}'), 'JSON'],
    ['an empty file', Buffer.alloc(0), 'empty'],
  ])('refuses %s by its content', async (_what, content, found) => {
    const path = await file();
    await writeFile(path, content);
    const error = await readSafetensorsHeader(path).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'MODEL_FORMAT_REFUSED' });
    expect(String(error)).toContain(found);
    expect(String(error)).toContain('Allowed: a .safetensors file or a diffusers folder');
  });

  it('refuses a .ckpt of unknown content with the reason that pickles run programs', async () => {
    const path = join(await temporaryFolder(), 'model.ckpt');
    await writeFile(path, 'anything at all, longer than eight bytes');
    await expect(readSafetensorsHeader(path)).rejects.toMatchObject({
      code: 'MODEL_FORMAT_REFUSED',
      message: expect.stringContaining('run any program') as string,
    });
  });

  it('does not mistake a header of 640 bytes for a pickle, not even when it is cut short', async () => {
    const path = await file();
    const header = `{"a":${entry(0, 4, [1])}}`;
    await writeHeader(path, header.padEnd(0x280), 4);
    expect((await readSafetensorsHeader(path)).tensors.has('a')).toBe(true);
    await truncate(path, 300);
    await expect(readSafetensorsHeader(path)).rejects.toMatchObject({ code: 'MODEL_HEADER_INVALID' });
  });
});

describe('readTensor', () => {
  const bytes = (array: NodeJS.TypedArray) => new Uint8Array(array.buffer);

  it('reads every dtype that checks use, half precision widened to f32', async () => {
    const path = await file();
    const f16 = Uint16Array.of(0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00, 0x3555);
    const bf16 = Uint16Array.of(0x3f80, 0xc000, 0x7f80, 0x4049);
    await writeSafetensors(path, {
      flag: { dtype: 'BOOL', shape: [1], data: Uint8Array.of(1) },
      f32: { dtype: 'F32', shape: [2], data: bytes(Float32Array.of(1.5, -2)) },
      f64: { dtype: 'F64', shape: [1], data: bytes(Float64Array.of(Math.PI)) },
      i32: { dtype: 'I32', shape: [1], data: bytes(Int32Array.of(-7)) },
      i64: { dtype: 'I64', shape: [1], data: bytes(BigInt64Array.of(-9n)) },
      f16: { dtype: 'F16', shape: [2, 4], data: bytes(f16) },
      bf16: { dtype: 'BF16', shape: [4], data: bytes(bf16) },
    });
    const read = await readSafetensorsHeader(path);
    const data = async (name: string) => [...(await readTensor(read, name)).data];
    expect(await data('flag')).toEqual([1]);
    expect(await data('f32')).toEqual([1.5, -2]);
    expect(await data('f64')).toEqual([Math.PI]);
    expect(await data('i32')).toEqual([-7]);
    expect(await data('i64')).toEqual([-9n]);
    expect(await data('f16')).toEqual([0, -0, 1, -2, 65504, 2 ** -24, Infinity, 0.333251953125]);
    expect(await data('bf16')).toEqual([1, -2, Infinity, 3.140625]);
    expect((await readTensor(read, 'f16')).shape).toEqual([2, 4]);
  });

  it('refuses a name that is not there, and a file that shrank meanwhile', async () => {
    const path = await file();
    await writeSafetensors(path, { a: { dtype: 'F32', shape: [100] } });
    const read = await readSafetensorsHeader(path);
    await expect(readTensor(read, 'b')).rejects.toMatchObject({ code: 'MODEL_TENSORS_MISMATCH' });
    await truncate(path, 200);
    await expect(readTensor(read, 'a')).rejects.toMatchObject({ code: 'MODEL_UNREADABLE' });
  });
});

describe('a file with flipped bits', () => {
  /** Mulberry32: a small seeded generator, so that a failure can be repeated. */
  function random(seed: number): () => number {
    let state = seed;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
  }

  it('is read or refused with a ModelError, never anything else', async () => {
    const path = await file();
    await writeSafetensors(
      path,
      { 'a.weight': { dtype: 'F32', shape: [4, 2] }, 'b.bias': { dtype: 'F16', shape: [3] } },
      { format: 'pt' },
    );
    const valid = await readFile(path);
    const next = random(20230330);
    const outcomes = { read: 0, refused: 0 };
    for (let round = 0; round < 400; round++) {
      const bytes = Buffer.from(valid);
      const flips = 1 + Math.floor(next() * 3);
      for (let i = 0; i < flips; i++) {
        const at = Math.floor(next() * bytes.length);
        bytes[at] =
          next() < 0.5 ? (bytes[at] ?? 0) ^ (1 << Math.floor(next() * 8)) : Math.floor(next() * 256);
      }
      const end = next() < 0.2 ? Math.floor(next() * bytes.length) : bytes.length;
      await writeFile(path, bytes.subarray(0, end));
      try {
        await readSafetensorsHeader(path);
        outcomes.read++;
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        outcomes.refused++;
      }
    }
    expect(outcomes.refused).toBeGreaterThan(200);
    expect(outcomes.read).toBeGreaterThan(10);
  });
});
