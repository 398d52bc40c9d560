import type { ModelSource } from '../jobs/model.ts';
import type { Bench } from '../measure.ts';
import { assertFreeSpace } from '../temporary.ts';
import { sd15SizeBytes, writeSd15 } from './sd15.ts';
import { sd21SizeBytes, writeSd21 } from './sd21.ts';

/** Models of a size with random weights, each written once, when it is first needed. */
export function randomSd15(bench: Bench): ModelSource {
  const [id, label] = ['sd15', "a model of SD 1.5's size"] as const;
  const open = once(async () => {
    await makeRoom(bench, label, await sd15SizeBytes());
    return { id, label, ...(await writeSd15(bench.folder)) };
  });
  return { id, label, open };
}

export function randomSd21(bench: Bench): ModelSource {
  const [id, label] = ['sd21', "a model of SD 2.1's size"] as const;
  const open = once(async () => {
    await makeRoom(bench, label, await sd21SizeBytes());
    return { id, label, path: await writeSd21(bench.folder) };
  });
  return { id, label, open };
}

function once<T>(write: () => Promise<T>): () => Promise<T> {
  let written: Promise<T> | undefined;
  return () => (written ??= write());
}

async function makeRoom(bench: Bench, label: string, neededBytes: number): Promise<void> {
  await assertFreeSpace(bench.folder, neededBytes);
  bench.say(`${label[0]?.toUpperCase() ?? ''}${label.slice(1)} is written with random weights (${(neededBytes / 1e9).toFixed(1)} GB)`);
}
