import process from 'node:process';
import { resolveModel } from '#library/models.ts';
import { planBlock } from './jobs/block.ts';
import { planEnds } from './jobs/ends.ts';
import type { ModelSource } from './jobs/model.ts';
import { planOverhead } from './jobs/overhead.ts';
import { PICTURE_STEPS, planPictures } from './jobs/pictures.ts';
import { planLatency } from './jobs/latency.ts';
import { planMemory } from './jobs/memory.ts';
import { planStart } from './jobs/start.ts';
import { planUnet } from './jobs/unet.ts';
import { estimateRunMs } from './limits.ts';
import { describeMachine, physicalCores } from './machine.ts';
import { words, type Bench } from './measure.ts';
import { randomSd15, randomSd21 } from './models/random-models.ts';
import { parseBenchOptions, usage, type BenchOptions } from './options.ts';
import type { Planned } from './planned.ts';
import { openStore, type Store } from './report/store.ts';
import { formatResults } from './report/text.ts';
import { writeReport } from './report/write.ts';
import type { Results, Study } from './results.ts';
import { assertPeers } from './sides.ts';
import { withTemporaryFolder } from './temporary.ts';
import type { Topic } from './topics.ts';

/** `npm run bench`: times what the options name, keeps and prints it. Gives the exit code, 1 when anything failed. Throws StudioError. */
export async function runBench(args: string[]): Promise<number> {
  const options = parseBenchOptions(args);
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  const store = await openStore(options.results);
  const exitCode = options.report === 'only' ? 0 : await measureAndPrint(options, store);
  if (options.report !== 'no') process.stderr.write(`${await writeReport(await store.read())}\n`);
  return exitCode;
}

async function measureAndPrint(options: BenchOptions, store: Store): Promise<number> {
  if (options.peers) await assertPeers(options.python);
  const results = await withTemporaryFolder((folder) => measureAll(options, folder, store));
  process.stdout.write(`${options.json ? JSON.stringify(results, null, 2) : formatResults(results)}\n`);
  return results.studies.some((study) => study.figures.some(({ failure }) => failure !== undefined)) ? 1 : 0;
}

async function measureAll(options: BenchOptions, folder: string, store: Store): Promise<Results> {
  const bench: Bench = {
    contenders: [
      ...options.providers.map((provider) => ({ side: 'tessera' as const, provider })),
      ...(options.peers ? [{ side: 'torch' as const, provider: 'cpu' as const }] : []),
    ],
    python: options.python,
    threads: physicalCores(),
    folder,
    peaks: options.peaks,
    compares: options.compares,
    coldWhenLong: options.coldWhenLong,
    say: (text) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`),
    versions: {},
  };
  const machine = await describeMachine();
  const studies: Study[] = [];
  const plans = planAll(bench, options);
  for (const planned of options.what.flatMap((topic) => plans[topic]())) {
    const held = options.resume ? await store.held(planned.key, planned.wanted) : undefined;
    if (held !== undefined) {
      bench.say(`${planned.title}: in the store already`);
      studies.push(held);
      continue;
    }
    const study = await runPlanned(planned, options, studies);
    studies.push(study);
    await store.add({ study, machine, versions: { ...bench.versions } });
  }
  return { date: new Date().toISOString().slice(0, 10), machine, versions: bench.versions, studies };
}

/** One study's failure is told in its place; the others still run. */
async function runPlanned(
  planned: Planned,
  { passLimitMs }: BenchOptions,
  known: readonly Study[],
): Promise<Study> {
  const { key, title, isSized } = planned;
  const empty = { key, title, sameWorkLimit: 0, notes: [] };
  const estimateMs = isSized ? estimateRunMs(key, known) : undefined;
  if (estimateMs !== undefined && estimateMs > passLimitMs) {
    const leftOut = `one run would take about ${Math.round(estimateMs / 1000)} s, more than the ${passLimitMs / 1000} s of --pass-limit`;
    return { ...empty, figures: [], leftOut };
  }
  try {
    return await planned.run();
  } catch (error) {
    return { ...empty, figures: [{ side: 'tessera', provider: 'cpu', ratio: 0, failure: words(error) }] };
  }
}

function planAll(bench: Bench, options: BenchOptions): Record<Topic, () => readonly Planned[]> {
  const demo = embeddedModel(options);
  const sd15 = randomSd15(bench);
  const sd21 = randomSd21(bench);
  const large = options.large ? [sd15] : [];
  return {
    block: () => planBlock(bench, options),
    overhead: () => planOverhead(bench, options),
    'unet-demo': () => planUnet(bench, options, 'unet-demo', demo),
    'unet-sd15': () => planUnet(bench, options, 'unet-sd15', sd15),
    'unet-sd21': () => planUnet(bench, options, 'unet-sd21', sd21),
    ends: () =>
      [sd15, ...(options.what.includes('unet-sd21') ? [sd21] : [])].flatMap((source) =>
        planEnds(bench, options, source),
      ),
    pictures: () => [
      ...planPictures(bench, options, demo, PICTURE_STEPS),
      ...large.flatMap((source) => planPictures(bench, options, source, options.pictureSteps)),
    ],
    start: () => [
      planStart(bench, demo, options.rounds),
      ...large.map((source) => planStart(bench, source, 1)),
    ],
    memory: () => planMemory(bench, options, sd15),
    latency: () => [planLatency(options)],
  };
}

function embeddedModel({ model }: BenchOptions): ModelSource {
  const [id, label] = ['demo', 'the embedded model'] as const;
  return { id, label, open: () => Promise.resolve({ id, label, path: resolveModel(model) }) };
}
