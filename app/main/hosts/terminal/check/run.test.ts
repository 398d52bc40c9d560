import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSafetensorsHeader } from '#library/safetensors.ts';
import { assembleSingleFile } from '#tests/single-file.ts';
import { runCheck } from './run.ts';

const golden = 'tests/golden';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-check-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function check(dir: string): Promise<{ exitCode: number; lines: string[] }> {
  let text = '';
  const exitCode = await runCheck(dir, { json: false, write: (more) => (text += more) });
  return { exitCode, lines: text.trimEnd().split('\n') };
}

/** Copies tiny-sd15 with some tensors of its io.safetensors only, under other names where `rename` gives one. */
async function copyModel(
  names: readonly string[],
  rename: Readonly<Record<string, string>> = {},
): Promise<string> {
  const model = join(folder, 'tiny-sd15');
  await cp(join(golden, 'tiny-sd15'), model, {
    recursive: true,
    filter: (path) => !path.endsWith('step-cache.safetensors'),
  });
  const source = await readSafetensorsHeader(join(golden, 'tiny-sd15', 'io.safetensors'));
  const bytes = await readFile(source.path);
  const header: Record<string, unknown> = {};
  const chunks: Buffer[] = [];
  let end = 0;
  for (const name of names) {
    const entry = source.tensors.get(name);
    if (entry === undefined) throw new Error(`No tensor ${name}.`);
    const { dtype, shape, offsetBytes, sizeBytes } = entry;
    header[rename[name] ?? name] = { dtype, shape, data_offsets: [end, end + sizeBytes] };
    chunks.push(bytes.subarray(offsetBytes, offsetBytes + sizeBytes));
    end += sizeBytes;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  await writeFile(join(model, 'io.safetensors'), Buffer.concat([length, text, ...chunks]));
  return model;
}

const fewTensors = ['clip_ids', 'clip_hidden', 'unet_16x16_sample', 'unet_16x16_out_t741'];

describe('check on golden data', () => {
  it('passes every case of tests/golden', { timeout: 300_000 }, async () => {
    const { exitCode, lines } = await check(golden);
    expect(lines.filter((line) => line.startsWith('FAIL'))).toEqual([]);
    expect(exitCode).toBe(0);
    for (const name of ['schedulers unipc_20', 'tome ragged graph', 'tiny-sd21 loop_r50_image']) {
      expect(lines.some((line) => line.startsWith(`ok   ${name} `))).toBe(true);
    }
    expect(lines.some((line) => line.startsWith('ok   clip-tokens'))).toBe(true);
    expect(lines.some((line) => line.startsWith('ok   torch-randn'))).toBe(true);
    expect(lines.at(-1)).toMatch(/^\d{3} cases: \d{3} passed, 0 failed\.$/);
  });

  it('passes a single file that holds the weights of the folder of its name', async () => {
    await copyModel(fewTensors);
    await mkdir(join(folder, 'single-file'));
    await assembleSingleFile('tiny-sd15', join(folder, 'single-file'));
    const { exitCode, lines } = await check(folder);
    expect(exitCode).toBe(0);
    expect(lines).toHaveLength(3 + 2 + 1);
    expect(lines[0]).toMatch(/^ok {3}single-file tiny-sd15 weights/);
  });
});

describe('check on broken data', () => {
  it('fails when one value of a tensor is wrong, and still runs the others', async () => {
    const model = await copyModel(fewTensors);
    const io = await readSafetensorsHeader(join(model, 'io.safetensors'));
    const bytes = await readFile(io.path);
    bytes.writeFloatLE(9.5, io.tensors.get('unet_16x16_out_t741')?.offsetBytes ?? 0);
    await writeFile(io.path, bytes);
    const { exitCode, lines } = await check(folder);
    expect(exitCode).toBe(1);
    expect(lines[0]).toMatch(/^ok {3}tiny-sd15 clip_hidden/);
    expect(lines[1]).toMatch(/^FAIL tiny-sd15 unet_16x16_out_t741.*expected 9\.5/);
  });

  it('fails when a weight of a single file is another than in the folder', async () => {
    await copyModel(['clip_ids', 'clip_hidden']);
    await mkdir(join(folder, 'single-file'));
    const path = await assembleSingleFile('tiny-sd15', join(folder, 'single-file'));
    const file = await readSafetensorsHeader(path);
    const bytes = await readFile(path);
    const entry = file.tensors.get('model.diffusion_model.out.2.bias');
    bytes.writeUInt16LE(0x3c00, entry?.offsetBytes ?? 0);
    await writeFile(path, bytes);
    const { exitCode, lines } = await check(folder);
    expect(exitCode).toBe(1);
    expect(lines[0]).toMatch(/^FAIL single-file tiny-sd15 weights.*conv_out\.bias\[0\] is 1,/);
  });

  it('fails on wrong ids, noise and scheduler values', async () => {
    const tokens = [{ text: 'a cat', ids: [49406, 320, 2369, 49407] }];
    await writeFile(join(folder, 'clip-tokens.json'), JSON.stringify(tokens));
    const noise = { seed: 0, shape: [2], first: [1.5409960746765137, 0], last: [] };
    await writeFile(join(folder, 'torch-randn.json'), JSON.stringify({ cases: [noise] }));
    const schedulers = await readFile(join(golden, 'schedulers.json'), 'utf8');
    const changed = schedulers
      .replaceAll('"beta_end": 0.012', '"beta_end": 0.0121')
      .replace('"prediction_type": "epsilon"', '"prediction_type": "flow"');
    await writeFile(join(folder, 'schedulers.json'), changed);
    const { exitCode, lines } = await check(folder);
    expect(exitCode).toBe(1);
    expect(lines.filter((line) => line.startsWith('ok'))).toEqual([]);
    expect(lines.find((line) => line.includes('a cat'))).toMatch(/ids\[2\] is 2368, expected 2369/);
    expect(lines.find((line) => line.includes('ddim_4'))).toMatch(/MODEL_CONFIG_INVALID/);
  });

  it('fails on a tensor whose name has no meaning', async () => {
    await copyModel(fewTensors, { unet_16x16_out_t741: 'unet_16x16_out_t741_r50_zoom' });
    const { exitCode, lines } = await check(folder);
    expect(exitCode).toBe(1);
    expect(lines[1]).toMatch(/^FAIL .*r50_zoom.*CHECK_INVALID: The name .* has no known meaning/);
  });

  it('fails on unreadable and unknown files, and names what it leaves out', async () => {
    await mkdir(join(folder, 'tome'));
    await writeFile(join(folder, 'tome', 'cases.json'), '{');
    await mkdir(join(folder, 'tiny-none'));
    await writeFile(join(folder, 'tiny-none', 'io.safetensors'), 'no tensors');
    await writeFile(join(folder, 'vectors.json'), '{}');
    await writeFile(join(folder, 'notes.txt'), 'hello');
    const { exitCode, lines } = await check(folder);
    expect(exitCode).toBe(1);
    expect(lines).toHaveLength(5);
    expect(lines[0]).toMatch(/^FAIL tiny-none .*MODEL_/);
    expect(lines[1]).toMatch(/^FAIL tome .*cases\.json cannot be read/);
    expect(lines[2]).toMatch(/^FAIL vectors\.json .*no known meaning/);
    expect(lines[3]).toBe('left out notes.txt: not golden data');
    expect(lines[4]).toBe('3 cases: 0 passed, 3 failed.');
  });

  it('fails when a tome case lacks its file, or a file its case', async () => {
    await cp(join(golden, 'tome'), join(folder, 'tome'), { recursive: true });
    const cases = JSON.parse(await readFile(join(folder, 'tome', 'cases.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    const { zero, single } = cases;
    await writeFile(join(folder, 'tome', 'cases.json'), JSON.stringify({ zero, absent: single }));
    const { exitCode, lines } = await check(folder);
    expect(exitCode).toBe(1);
    expect(lines.filter((line) => line.startsWith('ok   tome zero'))).toHaveLength(3);
    expect(lines.filter((line) => line.startsWith('FAIL tome absent'))).toHaveLength(3);
    expect(lines.filter((line) => line.startsWith('FAIL tome ragged.safetensors'))).toHaveLength(1);
  });

  it('follows links, and fails on one that leads nowhere', async () => {
    await symlink(resolve(golden, 'tome'), join(folder, 'tome'));
    await symlink(join(folder, 'absent'), join(folder, 'schedulers.json'));
    const { exitCode, lines } = await check(folder);
    expect(exitCode).toBe(1);
    expect(lines[0]).toMatch(/^FAIL schedulers\.json .*cannot be read/);
    expect(lines.filter((line) => line.startsWith('ok   tome'))).toHaveLength(24);
  });

  it('refuses an empty folder and none at all, saying what is expected', async () => {
    await expect(check(folder)).rejects.toMatchObject({ code: 'CHECK_INVALID' });
    await expect(check(folder)).rejects.toThrow(/holds nothing to check; expected schedulers\.json/);
    await expect(check(join(folder, 'absent'))).rejects.toMatchObject({ code: 'CHECK_INVALID' });
  });
});

describe('check --json', () => {
  it('writes one document with every case', async () => {
    const noise = { seed: 0, shape: [2], first: [1.5409960746765137, -0.293428897857666], last: [] };
    await writeFile(join(folder, 'torch-randn.json'), JSON.stringify({ cases: [noise] }));
    let text = '';
    const said: string[] = [];
    const exitCode = await runCheck(folder, {
      json: true,
      write: (more) => (text += more),
      progress: (line) => said.push(line),
    });
    expect(exitCode).toBe(0);
    expect(JSON.parse(text)).toMatchObject({
      ...{ passed: 1, failed: 0, leftOut: [] },
      cases: [{ name: 'torch-randn seed 0 [2]', passed: true, tolerance: 1e-5 }],
    });
    expect(said).toEqual(['1/1 torch-randn seed 0 [2]']);
  });
});
