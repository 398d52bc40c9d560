import process from 'node:process';
import { resolveModel } from '#library/models.ts';
import { measureBlock } from './jobs/block.ts';
import type { MeasuredModel } from './jobs/model.ts';
import { measurePictures } from './jobs/pictures.ts';
import { measureMemory, measureStart } from './jobs/start.ts';
import { measureUnet } from './jobs/unet.ts';
import { describeMachine, physicalCores } from './machine.ts';
import { words, type Bench } from './measure.ts';
import { sd15SizeBytes, writeSd15 } from './models/sd15.ts';
import { parseBenchOptions, usage, type BenchOptions, type Topic } from './options.ts';
import { formatResults } from './report.ts';
import type { Results, Study } from './results.ts';
import { assertPeers } from './sides.ts';
import { assertFreeSpace, withTemporaryFolder } from './temporary.ts';

/** Steps of a whole picture: the embedded model's usual number; few for the large model, whose every step is the same. */
const DEMO_STEPS = 20;
const SD15_STEPS = 4;

/** `npm run bench`: times what the options name and prints it. Gives the exit code, 1 when anything failed. Throws StudioError. */
export async function runBench(args: string[]): Promise<number> {
  const options = parseBenchOptions(args);
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (options.peers) await assertPeers(options.python);
  const results = await withTemporaryFolder((folder) => measureAll(options, folder));
  process.stdout.write(`${options.json ? JSON.stringify(results, null, 2) : formatResults(results)}\n`);
  return results.studies.some((study) => study.figures.some(({ failure }) => failure !== undefined)) ? 1 : 0;
}

async function measureAll(options: BenchOptions, folder: string): Promise<Results> {
  const bench: Bench = {
    sides: options.peers ? ['tessera', 'torch'] : ['tessera'],
    python: options.python,
    threads: physicalCores(),
    folder,
    peaks: options.peaks,
    say: (text) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`),
    versions: {},
  };
  const date = new Date().toISOString().slice(0, 10);
  const machine = describeMachine();
  const jobs = jobsOf(bench, options);
  const studies: Study[] = [];
  for (const topic of options.what) {
    try {
      studies.push(...(await jobs[topic]()));
    } catch (error) {
      // One job's failure is told in its place; the others still run.
      const figures = [{ side: 'tessera', ratio: 0, failure: words(error) }] as const;
      studies.push({ title: topic, figures, sameWorkLimit: 0, notes: [] });
    }
  }
  return { date, machine, versions: bench.versions, studies };
}

function jobsOf(bench: Bench, options: BenchOptions): Record<Topic, () => Promise<Study[]>> {
  const demo: MeasuredModel = { label: 'the embedded model', path: resolveModel(options.model) };
  let written: Promise<MeasuredModel> | undefined;
  const sd15 = () => (written ??= writeRandomModel(bench));
  return {
    block: () => measureBlock(bench, options),
    'unet-demo': () => measureUnet(bench, options, demo),
    'unet-sd15': async () => measureUnet(bench, options, await sd15()),
    pictures: async () => [
      ...(await measurePictures(bench, options, demo, DEMO_STEPS)),
      ...(options.large ? await measurePictures(bench, options, await sd15(), SD15_STEPS) : []),
    ],
    start: async () => [
      await measureStart(bench, demo, options.rounds),
      ...(options.large ? [await measureStart(bench, await sd15(), 1)] : []),
    ],
    memory: async () => [await measureMemory(bench, await sd15(), options.ratios)],
  };
}

async function writeRandomModel(bench: Bench): Promise<MeasuredModel> {
  const neededBytes = await sd15SizeBytes();
  await assertFreeSpace(bench.folder, neededBytes);
  bench.say(`A model of SD 1.5's size with random weights is written (${(neededBytes / 1e9).toFixed(1)} GB)`);
  return { label: "a model of SD 1.5's size", ...(await writeSd15(bench.folder)) };
}
