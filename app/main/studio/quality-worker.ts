import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import * as v from 'valibot';
import { compareRgb } from './quality-maths.ts';

/** Compares pictures in a thread of its own: a large one takes long enough to be felt. */
const { reference, others } = v.parse(
  v.object({ reference: v.string(), others: v.array(v.string()) }),
  workerData,
);

const read = async (path: string) => {
  const { data, info } = await sharp(path)
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, widthPx: info.width, heightPx: info.height };
};

const base = await read(reference);
const results = [];
for (const path of others) results.push(compareRgb(base, await read(path)));
parentPort?.postMessage(results);
