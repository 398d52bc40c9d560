import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { noMerging, type GenerationRequest } from '#contract/request.ts';
import { embeddedModelPath } from '#library/models.ts';
import { createEngine, type Engine } from './host.ts';
import { createChildProcessPort } from './port.ts';

const entry = fileURLToPath(import.meta.resolve('#main/engine-process.ts'));
/** Enough for Node, the runtime and a small picture; far from what 2048 px take. */
const limitKiB = 3_000_000;
const request: GenerationRequest = {
  ...{ prompt: 'a red sun', negativePrompt: '', steps: 1, scheduler: 'ddim', guidanceScale: 7.5 },
  ...{ seed: 1, count: 1, merging: noMerging, widthPx: 2048, heightPx: 2048 },
};

let engine: Engine | undefined;
afterEach(() => engine?.dispose());

/** An engine process that the system gives no more memory than this (setrlimit's RLIMIT_AS). */
function limitedPort() {
  const script = join(mkdtempSync(join(tmpdir(), 'tessera-limit-')), 'node');
  // Threads that allocate at once get arenas of 64 MiB of addresses each, which count: more on some runs than on others.
  writeFileSync(
    script,
    `#!/bin/sh\nexport MALLOC_ARENA_MAX=1\nulimit -v ${limitKiB}\nexec '${process.execPath}' "$@"\n`,
  );
  chmodSync(script, 0o755);
  const node = process.execPath;
  // fork() starts this; only while the port is made.
  process.execPath = script;
  try {
    return createChildProcessPort(entry);
  } finally {
    process.execPath = node;
  }
}

test.skipIf(process.platform !== 'linux')(
  'a picture that the memory does not suffice for fails with what would help, and the next one is made (Linux: elsewhere a shell sets no limit)',
  { timeout: 120_000 },
  async () => {
    let starts = 0;
    engine = createEngine({ startPort: () => (starts++, limitedPort()) });
    const model = { path: embeddedModelPath() };
    const failure = await engine.generate({ model, request }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'ENGINE_OUT_OF_MEMORY',
      message: expect.stringMatching(
        /What would help most, by the estimate: .*1024×1024 instead of 2048×2048 px: [\d.]+ GB less/,
      ) as string,
    });
    const small = { ...request, widthPx: 64, heightPx: 64, guidanceScale: 1 };
    expect((await engine.generate({ model, request: small })).peakMemory.bytes).toBeGreaterThan(0);
    expect(starts).toBe(2);
  },
);
