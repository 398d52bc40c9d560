import { basename, join } from 'node:path';
import { openCheckpoint } from '#library/checkpoint.ts';
import { pathKind } from '#library/files.ts';
import { readSafetensorsHeader } from '#library/safetensors.ts';
import type { SafetensorsFile } from '#library/safetensors.ts';
import { brokenCase, checkError, once } from './cases.ts';
import type { CaseGroup, CheckCase } from './cases.ts';
import { compareCloseCalls, type Nudge } from './close-calls.ts';
import { compareTensors } from './compare.ts';
import { dim, readFloats } from './golden-files.ts';
import { parseIoName } from './io-names.ts';
import type { IoName } from './io-names.ts';
import { createLazyNets } from './nets.ts';
import type { LazyNets } from './nets.ts';
import type { CheckRuntime } from './runtime.ts';
import { runLoop, runText, runUnetPass, runVaeDecoder, runVaeEncoder } from './passes.ts';
import type { LoopResult } from './passes.ts';

/** Loops with step caching, in a file of their own beside io.safetensors. */
const stepCacheFile = 'step-cache.safetensors';

/** A model in diffusers layout with io.safetensors: what goes into its nets and what came out. */
export async function modelCases(folder: string, runtime: CheckRuntime): Promise<CaseGroup> {
  const io = await readSafetensorsHeader(join(folder, 'io.safetensors'));
  const nets = createLazyNets(() => openCheckpoint(folder), runtime);
  const cases = netCases(basename(folder), io, nets);
  const cached = join(folder, stepCacheFile);
  if ((await pathKind(cached)) === 'file')
    cases.push(...netCases(basename(folder), io, nets, await readSafetensorsHeader(cached)));
  if (cases.length === 0) throw checkError(`${io.path} holds nothing to compare.`);
  return { cases, close: nets.close };
}

/** One case for each output among the tensors: of io itself, or of a file beside it that holds only outputs. */
export function netCases(label: string, io: SafetensorsFile, nets: LazyNets, expected = io): CheckCase[] {
  const loops = new Map<string, () => Promise<LoopResult>>();
  return [...expected.tensors.keys()].sort().flatMap((name): CheckCase[] => {
    const run = runnerOf(name, io, nets, loops, expected);
    if (run === 'input') return [];
    if (run === undefined) {
      const rules = 'see README.md of the golden data for the names';
      return [brokenCase(`${label} ${name}`, `The name ${name} has no known meaning; ${rules}.`)];
    }
    const parsed = parseIoName(name);
    const tolerance = nets.tolerance(parsed);
    const compare = async (nudge?: Nudge) =>
      compareTensors(name, await run(nudge), (await readFloats(expected, name)).data);
    const isMatched = parsed?.kind === 'unet' && parsed.merging !== null;
    return [
      {
        ...{ name: `${label} ${name}`, tolerance },
        run: () => (isMatched ? compareCloseCalls(compare, tolerance) : compare()),
      },
    ];
  });
}

function runnerOf(
  name: string,
  io: SafetensorsFile,
  nets: LazyNets,
  loops: Map<string, () => Promise<LoopResult>>,
  expected: SafetensorsFile,
): ((nudge?: Nudge) => Promise<Float32Array>) | 'input' | undefined {
  const parsed = parseIoName(name);
  switch (parsed?.kind) {
    case undefined:
      return undefined;
    case 'input':
      return 'input';
    case 'text':
      return () => runText(nets, io);
    case 'vae-image':
      return () => runVaeDecoder(nets, io);
    case 'vae-mean':
      return async () => (await runVaeEncoder(nets, io)).mean;
    case 'vae-logvar':
      return async () => (await runVaeEncoder(nets, io)).logVariance;
    case 'unet':
      return (nudge) => runUnetPass(nets, io, parsed, nudge);
    case 'loop': {
      // The picture and the latents of one loop are compared apart, and computed once.
      const latentsName = name.replace(/_image$/u, '_latents');
      const loop = loops.get(latentsName) ?? once(() => runStoredLoop(latentsName, parsed));
      loops.set(latentsName, loop);
      return async () => (await loop())[parsed.output];
    }
  }

  async function runStoredLoop(
    latentsName: string,
    settings: Extract<IoName, { kind: 'loop' }>,
  ): Promise<LoopResult> {
    const entry = expected.tensors.get(latentsName);
    if (entry === undefined)
      throw checkError(`${expected.path} has no ${latentsName}, which gives the number of steps.`);
    return runLoop(nets, io, settings, dim(latentsName, entry.shape, 0));
  }
}
