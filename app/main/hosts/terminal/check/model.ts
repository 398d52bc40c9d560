import { basename, join } from 'node:path';
import { openCheckpoint } from '#library/checkpoint.ts';
import { readSafetensorsHeader } from '#library/safetensors.ts';
import type { SafetensorsFile } from '#library/safetensors.ts';
import { brokenCase, checkError, once } from './cases.ts';
import type { CaseGroup, CheckCase } from './cases.ts';
import { compareTensors } from './compare.ts';
import { dim, readFloats } from './golden-files.ts';
import { parseIoName } from './io-names.ts';
import { createLazyNets } from './nets.ts';
import type { LazyNets } from './nets.ts';
import { runLoop, runText, runUnetPass, runVaeDecoder, runVaeEncoder } from './passes.ts';
import type { LoopResult } from './passes.ts';

const tolerance = 1e-4;

/** A model in diffusers layout with io.safetensors: what goes into its nets and what came out. */
export async function modelCases(folder: string): Promise<CaseGroup> {
  const io = await readSafetensorsHeader(join(folder, 'io.safetensors'));
  const nets = createLazyNets(() => openCheckpoint(folder));
  const cases = netCases(basename(folder), io, nets);
  if (cases.length === 0) throw checkError(`${io.path} holds nothing to compare.`);
  return { cases, close: nets.close };
}

/** One case for each output among the tensors. */
export function netCases(label: string, io: SafetensorsFile, nets: LazyNets): CheckCase[] {
  const loops = new Map<string, () => Promise<LoopResult>>();
  return [...io.tensors.keys()].sort().flatMap((name): CheckCase[] => {
    const run = runnerOf(name, io, nets, loops);
    if (run === 'input') return [];
    if (run === undefined) {
      const rules = 'see README.md of the golden data for the names';
      return [brokenCase(`${label} ${name}`, `The name ${name} has no known meaning; ${rules}.`)];
    }
    const compare = async () => compareTensors(name, await run(), (await readFloats(io, name)).data);
    return [{ name: `${label} ${name}`, tolerance, run: compare }];
  });
}

function runnerOf(
  name: string,
  io: SafetensorsFile,
  nets: LazyNets,
  loops: Map<string, () => Promise<LoopResult>>,
): (() => Promise<Float32Array>) | 'input' | undefined {
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
      return () => runUnetPass(nets, io, parsed);
    case 'loop': {
      // The picture and the latents of one loop are compared apart, and computed once.
      const latentsName = name.replace(/_image$/u, '_latents');
      const loop = loops.get(latentsName) ?? once(() => runStoredLoop(latentsName));
      loops.set(latentsName, loop);
      return async () => (await loop())[parsed.output];
    }
  }

  async function runStoredLoop(latentsName: string): Promise<LoopResult> {
    const entry = io.tensors.get(latentsName);
    if (entry === undefined)
      throw checkError(`${io.path} has no ${latentsName}, which gives the number of steps.`);
    const merging = parsed?.kind === 'loop' ? parsed.merging : null;
    return runLoop(nets, io, merging, dim(latentsName, entry.shape, 0));
  }
}
