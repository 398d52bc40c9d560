import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { packTesseraSync } from '#contract/archive/archive.ts';
import { readTessera } from '#contract/archive/read.ts';
import { mergeMapsFrom } from '#contract/archive/merge-maps.ts';
import { toWire } from '#contract/errors.ts';
import type { PackAnswer, PackTask } from './pack.ts';

/** Packs in a thread of its own: the maps of a large picture are tens of megabytes. */
async function pack(task: PackTask): Promise<Uint8Array> {
  if (task.kind === 'maps') return packTesseraSync({ kind: 'maps', maps: mergeMapsFrom(task.events) });
  const { maps } = task.mapsFile === null ? {} : readTessera(await readFile(task.mapsFile));
  const picture = await readFile(task.pictureFile);
  return packTesseraSync({
    ...task.facts,
    kind: 'picture',
    picture,
    ...(maps === undefined ? {} : { maps }),
  });
}

let answer: PackAnswer;
try {
  // Given by pack.ts alone, of the same program.
  answer = { bytes: await pack(workerData as PackTask) };
} catch (error) {
  answer = { error: toWire(error) };
}
parentPort?.postMessage(answer);
