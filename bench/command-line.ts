import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { PROMPT } from './jobs/model.ts';
import { PICTURE_SEED } from './engine-worker.ts';

const program = join(import.meta.dirname, '..', 'app', 'main', 'hosts', 'terminal', 'main.ts');

const GeneratedSchema = v.object({
  pictures: v.tupleWithRest([v.object({ figures: v.object({ stepsMs: v.array(v.number()) }) })], v.unknown()),
  figures: v.object({
    startToFirstStepMs: v.number(),
    peakMemory: v.object({ bytes: v.number(), source: v.string() }),
  }),
});

export interface Generated {
  /** From the start of the process. */
  readonly firstStepBeganMs: number;
  readonly firstStepEndedMs: number;
  readonly peak: { readonly bytes: number; readonly source: string };
}

export interface GenerateOptions {
  readonly model: string;
  readonly sizePx: number;
  readonly steps: number;
  readonly ratio: number;
  /** Where the picture goes. */
  readonly folder: string;
}

/** `npm run generate` as a user starts it, in a process of its own; its own figures come back. */
export async function generateByCommand(options: GenerateOptions): Promise<Generated> {
  const { model, sizePx, steps, ratio, folder } = options;
  const out = join(folder, `${randomUUID()}.png`);
  const args = ['generate', PROMPT, '--json', '--out', out, '--model', model];
  const fixed = ['--scheduler', 'ddim', '--device', 'cpu', '--precision', 'f32'];
  const numbers = { size: `${sizePx}x${sizePx}`, steps, ratio, seed: PICTURE_SEED };
  const flags = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args, ...fixed, ...flags]);
  const { pictures, figures } = v.parse(GeneratedSchema, JSON.parse(stdout));
  const firstStepEndedMs = figures.startToFirstStepMs;
  return {
    firstStepEndedMs,
    firstStepBeganMs: firstStepEndedMs - (pictures[0].figures.stepsMs[0] ?? 0),
    peak: figures.peakMemory,
  };
}
