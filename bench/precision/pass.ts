import process from 'node:process';
import { StudioError } from '#contract/errors.ts';
import { loadUnet, type Unet } from '#engine/nets/unet.ts';
import { openCheckpoint } from '#library/checkpoint.ts';
import { normalValues } from '../models/normal.ts';
import { writeSd15 } from '../models/sd15.ts';
import { timeInRounds } from '../rounds.ts';
import { difference, spread, type Spread } from '../statistics.ts';
import { withTemporaryFolder } from '../temporary.ts';
import { readPassOptions, usage, type PassOptions } from './options.ts';

/** `node bench/precision/pass.ts`: one U-Net pass in float32 and in 8 bits, in turn. */
const batch = 2;
const tokenCount = 77;
const precisions = ['f32', 'int8'] as const;

async function compare(options: PassOptions): Promise<void> {
  if (options.model !== undefined) await comparePasses(options.model, options);
  else
    await withTemporaryFolder(async (folder) => {
      await comparePasses((await writeSd15(folder)).path, options);
    });
}

async function comparePasses(path: string, { latents: side, rounds }: PassOptions): Promise<void> {
  const { unet: part } = await openCheckpoint(path);
  const { inChannels, crossAttentionDim } = part.config;
  const input = {
    ...{ batch, latentH: side, latentW: side, timestep: 500, tokenCount },
    latents: normalValues(1, batch * inChannels * side * side),
    hidden: normalValues(2, batch * tokenCount * crossAttentionDim),
  };
  const nets: { key: (typeof precisions)[number]; unet: Unet; cpuMs: number[]; output: Float32Array }[] = [];
  for (const precision of precisions) {
    const start = performance.now();
    // Threads that spin while they wait would count as work.
    const unet = await loadUnet(part, null, { precision, config: { 'intra_op.allow_spinning': '0' } });
    process.stdout.write(`${precision} loaded in ${(performance.now() - start).toFixed(0)} ms\n`);
    nets.push({ key: precision, unet, cpuMs: [], output: new Float32Array() });
  }
  const { timed } = await timeInRounds(
    nets.map((net) => ({
      key: net.key,
      async run(round) {
        const [start, used] = [performance.now(), process.cpuUsage()];
        net.output = (await net.unet.run(input)).output;
        const tookMs = performance.now() - start;
        const { user, system } = process.cpuUsage(used);
        if (round > 0) net.cpuMs.push((user + system) / 1e3);
        return tookMs;
      },
    })),
    { rounds, isWarm: false },
  );
  const [float] = nets;
  for (const [i, { key, cpuMs, output }] of nets.entries()) {
    const wall = timed[i]?.times;
    const { overall } = difference(output, float?.output ?? output);
    const figures = [
      `wall ${inMs(wall)}`,
      `processor ${inMs(spread(cpuMs))}`,
      `off by ${overall.toExponential(1)}`,
    ];
    process.stdout.write(`${key.padEnd(5)} ${figures.join(', ')}\n`);
  }
  for (const { unet } of nets) await unet.release();
}

function inMs(times: Spread | undefined): string {
  if (times === undefined) return 'not taken';
  return `${times.median.toFixed(0)} ms (${times.min.toFixed(0)}–${times.max.toFixed(0)})`;
}

try {
  const options = readPassOptions(process.argv.slice(2));
  if (options === undefined) process.stdout.write(usage);
  else await compare(options);
} catch (error) {
  if (!(error instanceof StudioError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
