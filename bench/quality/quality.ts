import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import * as v from 'valibot';
import { StudioError } from '#contract/errors.ts';
import { openCheckpoint } from '#library/checkpoint.ts';
import { embeddedModelPath, resolveModel } from '#library/models.ts';
import { describeMachine } from '../machine.ts';
import { compareVariants } from './compare.ts';
import { Drawer, type HeldOut } from './draw.ts';
import { readQualityOptions, usage, type QualityOptions } from './options.ts';
import { formatCompared } from './table.ts';

/** `node bench/quality/quality.ts`: what merging, pruning, caching cost in likeness and save in time. */

const PromptsSchema = v.object({ prompts: v.array(v.object({ prompt: v.string(), seed: v.number() })) });

async function heldOutPrompts(count: number): Promise<HeldOut[]> {
  const text = await readFile(join(embeddedModelPath(), 'heldout-prompts.json'), 'utf8');
  return v.parse(PromptsSchema, JSON.parse(text)).prompts.slice(0, count);
}

async function run(options: QualityOptions): Promise<void> {
  const checkpoint = await openCheckpoint(resolveModel(options.model));
  const { defaults } = checkpoint;
  const settings = {
    widthPx: options.sizePx ?? defaults.widthPx,
    heightPx: options.sizePx ?? defaults.heightPx,
    steps: options.steps ?? defaults.steps,
    guidanceScale: options.guidance ?? defaults.guidanceScale,
    scheduler: options.scheduler ?? defaults.scheduler,
  };
  const prompts = await heldOutPrompts(options.promptCount);
  const drawer = new Drawer(checkpoint, settings);
  const say = (text: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
  try {
    const compared = await compareVariants(drawer, options.variants, prompts, options.saveTo, say);
    const about = {
      date: new Date().toISOString(),
      machine: await describeMachine(),
      settings,
      prompts: prompts.length,
    };
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ ...about, compared }, null, 2)}\n`
        : `${prompts.length} pictures, ${JSON.stringify(settings)}\n${formatCompared(compared)}\n`,
    );
  } finally {
    await drawer.release();
  }
}

try {
  const options = await readQualityOptions(process.argv.slice(2));
  if (options === undefined) process.stdout.write(usage);
  else await run(options);
} catch (error) {
  if (!(error instanceof StudioError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
