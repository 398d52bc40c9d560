import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCheckpoint } from '#library/checkpoint.ts';
import { safetensorsHeader, tensorBytes } from './safetensors-writer.ts';
import { sd15Tensors } from './sd15.ts';

test("the random model's names and shapes are those of a Stable Diffusion 1.5 checkpoint", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-bench-test-'));
  try {
    const tensors = await sd15Tensors();
    const header = safetensorsHeader(tensors);
    const sizeBytes = tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), header.length);
    // Weights are not read on opening, so a hole in the file stands for 2 GB of them.
    const path = join(folder, 'sparse.safetensors');
    const file = await open(path, 'wx');
    await file.write(header);
    await file.truncate(sizeBytes);
    await file.close();
    const checkpoint = await openCheckpoint(path);
    expect(checkpoint.kind).toBe('sd1');
    expect(checkpoint.ignoredTensors).toEqual([]);
    expect(checkpoint.unet.config).toMatchObject({ blockOutChannels: [320, 640, 1280, 1280], headCounts: [8, 8, 8, 8] });
    expect(sizeBytes).toBeGreaterThan(2.1e9);
  } finally {
    await rm(folder, { recursive: true });
  }
});
