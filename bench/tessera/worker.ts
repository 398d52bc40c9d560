import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { readPeakMemory } from '#engine/memory.ts';
import { BugError } from '#contract/errors.ts';
import { writeFloats } from '../models/safetensors-writer.ts';
import type { RuntimeOptions } from '#engine/session.ts';
import type { Command, Reply, Work } from '../protocol.ts';
import { prepareBlock } from './block.ts';
import { prepareEnds } from './ends.ts';
import { prepareUnet } from './unet.ts';
import type { Run } from './work.ts';

/** Tessera's side of the benchmark, in a process of its own: commands come on stdin, answers go to stdout. */

let run: Run | undefined;

async function answer(command: Command): Promise<Reply> {
  switch (command.do) {
    case 'prepare': {
      run = await prepare(command.work, { provider: command.provider });
      return {
        type: 'ready',
        versions: { node: process.versions.node, 'onnxruntime-node': runtimeVersion() },
      };
    }
    case 'run': {
      if (run === undefined) throw new BugError('A run was asked for before its work was prepared.');
      const runPoint = await run(command.point);
      const start = performance.now();
      const output = await runPoint();
      const tookMs = performance.now() - start;
      if (command.saveTo !== undefined)
        await writeFloats(command.saveTo, { output: { data: output, shape: [output.length] } });
      return { type: 'ran', tookMs };
    }
    case 'peak':
      return { type: 'peak', ...readPeakMemory(false) };
  }
}

function prepare(work: Work, runtime: RuntimeOptions): Promise<Run> {
  switch (work.kind) {
    case 'block':
      return prepareBlock(work, runtime);
    case 'unet':
      return prepareUnet(work, runtime);
    case 'ends':
      return prepareEnds(work, runtime);
    case 'pictures':
      throw new BugError('Pictures are made by the engine, not by this worker.');
  }
}

function runtimeVersion(): string {
  const path = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return String((JSON.parse(readFileSync(path, 'utf8')) as { version?: unknown }).version);
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply: Reply;
  try {
    reply = await answer(JSON.parse(line) as Command);
  } catch (error) {
    reply = { type: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
