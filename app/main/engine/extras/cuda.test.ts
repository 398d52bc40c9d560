import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cudaPackage } from './cuda-package.ts';
import { createCudaExtra, cudaEnvironment, type ExtraProgress } from './cuda.ts';

/** NuGet is a stand-in: a server on this machine with a small package in the place of the real 0.3 GB. */
const { name, version, files } = cudaPackage();
const content = new Map(
  [...files].map(([file, path]) => [path, new TextEncoder().encode(file.repeat(5000))]),
);
const nupkg = Buffer.from(zipSync({ 'lib/other.txt': new Uint8Array(9), ...Object.fromEntries(content) }));
const sha512 = createHash('sha512').update(nupkg).digest('base64');

let server: Server;
let base: string;
let dataFolder: string;
let packageAnswer: (response: ServerResponse) => void;
let stated: { packageHash: string; packageSize: number };

beforeEach(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'tessera-extra-'));
  stated = { packageHash: sha512, packageSize: nupkg.length };
  packageAnswer = (response) => response.end(nupkg);
  server = createServer((request, response) => {
    const answers: Record<string, () => unknown> = {
      '/index.json': () => ({
        resources: [
          { '@id': `${base}/flat/`, '@type': 'PackageBaseAddress/3.0.0' },
          { '@id': `${base}/registration/`, '@type': 'RegistrationsBaseUrl/3.6.0' },
        ],
      }),
      [`/registration/${name}/${version}.json`]: () => ({
        catalogEntry: `${base}/catalog.json`,
        packageContent: `${base}/package.nupkg`,
      }),
      '/catalog.json': () => ({ ...stated, packageHashAlgorithm: 'SHA512' }),
    };
    const { url = '' } = request;
    const answer = answers[url];
    if (url === '/package.nupkg') packageAnswer(response);
    else if (answer === undefined) response.writeHead(404).end();
    else response.end(JSON.stringify(answer()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The stand-in has no port.');
  base = `http://127.0.0.1:${address.port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(dataFolder, { recursive: true });
});

const extra = (index = `${base}/index.json`, platform = 'linux/x64') =>
  createCudaExtra({ dataFolder, index, platform });

/** Whatever failed, nothing of it is left in the data folder. */
async function expectNothing(): Promise<void> {
  expect(await readdir(join(dataFolder, 'extras')).catch(() => [])).toEqual([]);
  expect(await extra().folder()).toBeUndefined();
}

test('downloads, checks and unpacks what is needed, beside a copy of the runtime', async () => {
  const progress: ExtraProgress[] = [];
  const record = await extra().install({ onProgress: (each) => progress.push(each) });
  const folder = await extra().folder();
  expect(folder).toBe(join(dataFolder, 'extras', `cuda-${version}`));
  expect((await readdir(folder ?? '')).toSorted()).toEqual(
    [...files.keys(), 'installed.json', 'libonnxruntime.so.1'].toSorted(),
  );
  for (const [file, path] of files) {
    const bytes = content.get(path) ?? new Uint8Array();
    expect(await readFile(join(folder ?? '', file))).toEqual(Buffer.from(bytes));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(record.files).toContainEqual({ name: file, sizeBytes: bytes.length, sha256 });
  }
  expect(progress.filter(({ phase }) => phase === 'download').at(-1)).toMatchObject({
    doneBytes: nupkg.length,
  });
  expect(progress.at(-1)).toMatchObject({ phase: 'unpack', doneBytes: progress.at(-1)?.totalBytes });
  expect(await extra().damaged()).toEqual([]);
});

test.runIf(`${process.platform}/${process.arch}` === 'linux/x64')(
  'the engine looks for the provider in the extra, and finds what lies there',
  async () => {
    expect(cudaEnvironment(dataFolder, {})).toEqual({});
    await extra().install({});
    const folder = (await extra().folder()) ?? '';
    const env = cudaEnvironment(dataFolder, { LD_LIBRARY_PATH: '/opt/cuda' });
    expect(env).toEqual({ LD_LIBRARY_PATH: `${folder}:/opt/cuda`, CUDA_DEVICE_ORDER: 'PCI_BUS_ID' });
    const script = `import { createSession } from '#engine/session.ts';
      await createSession(new Uint8Array(1), '.', { provider: 'cuda' }).catch(({ message }) => console.error(message));`;
    const said = await new Promise<string>((resolve) => {
      const args = ['--input-type=module', '--eval', script];
      const options = { env: { ...process.env, ...env }, cwd: import.meta.dirname };
      execFile(process.execPath, args, options, (_error, stdout, stderr) => {
        resolve(stdout + stderr);
      });
    });
    // The stand-in's file is text and no library, so that it cannot be loaded; where it was looked for is what counts.
    expect(said).toContain(`${folder}/libonnxruntime_providers_shared.so`);
    expect(said).toMatch(/file too short|invalid ELF header/);
  },
);

test('is there already the second time, tells a file that changed, and goes when it is removed', async () => {
  const first = await extra().install({});
  packageAnswer = (response) => response.writeHead(500).end();
  expect(await extra().install({})).toEqual(first);
  const folder = (await extra().folder()) ?? '';
  const file = [...files.keys()][0] ?? '';
  const length = (await readFile(join(folder, file))).length;
  await writeFile(join(folder, file), 'x'.repeat(length));
  expect(await extra().damaged()).toEqual([file]);
  await writeFile(join(folder, file), 'short');
  expect(await extra().folder()).toBeUndefined();
  expect(await extra().remove()).toBe(true);
  expect(await extra().remove()).toBe(false);
  await expectNothing();
});

test.each<[string, () => void, RegExp]>([
  [
    'another hash than stated',
    () => {
      stated = { ...stated, packageHash: createHash('sha512').update('other').digest('base64') };
    },
    /another SHA-512 than the package states/,
  ],
  [
    'fewer bytes than stated',
    () => {
      packageAnswer = (response) => response.end(nupkg.subarray(0, 100));
    },
    /it sent 100 bytes instead of/,
  ],
  [
    'more bytes than stated',
    () => {
      stated = { ...stated, packageSize: 10 };
    },
    /more than it had said/,
  ],
  [
    'a connection that breaks',
    () => {
      packageAnswer = (response) => {
        response.writeHead(200, { 'content-length': nupkg.length });
        response.write(nupkg.subarray(0, 200), () => response.destroy());
      };
    },
    /download from 127\.0\.0\.1.* failed/,
  ],
  [
    'no package',
    () => {
      packageAnswer = (response) => response.writeHead(404).end();
    },
    /it answered 404/,
  ],
  [
    'a package that is no ZIP',
    () => {
      const junk = Buffer.alloc(4000, 7);
      packageAnswer = (response) => response.end(junk);
      stated = {
        packageSize: junk.length,
        packageHash: createHash('sha512').update(junk).digest('base64'),
      };
    },
    /package is damaged: it has no directory/,
  ],
  [
    'a package without the files',
    () => {
      const other = Buffer.from(zipSync({ 'a.txt': new Uint8Array(3) }));
      packageAnswer = (response) => response.end(other);
      stated = {
        packageSize: other.length,
        packageHash: createHash('sha512').update(other).digest('base64'),
      };
    },
    /holds no runtimes\/linux-x64/,
  ],
])('keeps nothing of %s', async (_, prepare, message) => {
  prepare();
  await expect(extra().install({})).rejects.toMatchObject({
    code: 'EXTRA_FAILED',
    message: expect.stringMatching(message) as string,
  });
  await expectNothing();
});

test('offline says so, and what to do', async () => {
  await expect(extra('http://127.0.0.1:1/index.json').install({})).rejects.toMatchObject({
    code: 'EXTRA_FAILED',
    message: expect.stringMatching(/failed: .*Check the connection and try again; behind a proxy/) as string,
  });
  await expectNothing();
});

test('a cancel in the middle of the download leaves nothing', async () => {
  const stop = new AbortController();
  packageAnswer = (response) => {
    response.writeHead(200);
    response.write(nupkg.subarray(0, 300));
  };
  const install = extra().install({
    signal: stop.signal,
    onProgress: () => {
      stop.abort();
    },
  });
  await expect(install).rejects.toMatchObject({ code: 'CANCELLED' });
  await expectNothing();
});

test('other systems are told that it is not for them', async () => {
  await expect(extra(undefined, 'win32/x64').install({})).rejects.toMatchObject({
    code: 'REQUEST_INVALID',
    message: expect.stringContaining('for linux/x64; this is win32/x64') as string,
  });
});
