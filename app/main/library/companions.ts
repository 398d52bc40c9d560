import { join } from 'node:path';
import * as v from 'valibot';
import { ModelError } from '#contract/errors.ts';
import type { ModelDefaults } from '#contract/model.ts';
import { schedulerNames, sizeLimitsPx } from '#contract/request.ts';
import { vaeDownscale } from '#kernels/nets/configs.ts';
import { isFile, parseJson, readJsonObject, readText } from './files.ts';
import type { LoadedModel } from './parts.ts';

/** Files that may come with a model: its tokenizer, what to fill empty fields with, the words that it knows. */

export interface TokenizerFiles {
  readonly vocabPath: string;
  readonly mergesPath: string;
}

/** models/ of the project: the embedded model and CLIP's vocabulary. */
export const modelsFolder = join(import.meta.dirname, '..', '..', '..', 'models');

/** The checkpoint's own tokenizer, or CLIP's, which every Stable Diffusion 1.x and 2.x uses. */
export async function findTokenizer(folders: readonly string[]): Promise<TokenizerFiles> {
  for (const folder of folders) {
    const vocabPath = join(folder, 'tokenizer', 'vocab.json');
    const mergesPath = join(folder, 'tokenizer', 'merges.txt');
    if ((await isFile(vocabPath)) && (await isFile(mergesPath))) return { vocabPath, mergesPath };
  }
  const shared = join(modelsFolder, 'clip-bpe');
  return { vocabPath: join(shared, 'vocab.json'), mergesPath: join(shared, 'merges.txt') };
}

async function findFile(folders: readonly string[], name: string): Promise<string | undefined> {
  for (const folder of folders) {
    if (await isFile(join(folder, name))) return join(folder, name);
  }
  return undefined;
}

/** Steps and guidance that suit most checkpoints and samplers; LCM is made for few steps and little guidance. */
const usual = { steps: 20, guidanceScale: 7.5, scheduler: 'dpmpp_2m' };
const usualOfLcm = { steps: 6, guidanceScale: 1.5 };
/** The side of the training pictures: Stability AI's and Runway's model cards. */
const trainedSidePx = { sd1: 512, 'sd2-base': 512, 'sd2-v': 768 } as const;

const side = v.pipe(
  v.number(),
  v.minValue(sizeLimitsPx.min),
  v.maxValue(sizeLimitsPx.max),
  v.multipleOf(sizeLimitsPx.step),
);
const DefaultsSchema = v.object({
  width: v.optional(side),
  height: v.optional(side),
  steps: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000))),
  guidance: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(50))),
  scheduler: v.optional(v.picklist(schedulerNames)),
});

/** What fills the empty fields of a request: the model's defaults.json, then its configuration, then what is usual. */
export async function findDefaults(model: LoadedModel): Promise<ModelDefaults> {
  const path = await findFile(model.hints.folders, 'defaults.json');
  const own = path === undefined ? {} : await readDefaults(path);
  const sidePx = trainedSide(model);
  const rest = model.hints.schedulerName === 'lcm' ? { ...usual, ...usualOfLcm } : usual;
  return {
    widthPx: own.width ?? sidePx,
    heightPx: own.height ?? sidePx,
    steps: own.steps ?? rest.steps,
    guidanceScale: own.guidance ?? rest.guidanceScale,
    scheduler: own.scheduler ?? model.hints.schedulerName ?? rest.scheduler,
  };
}

async function readDefaults(path: string): Promise<v.InferOutput<typeof DefaultsSchema>> {
  const result = v.safeParse(DefaultsSchema, await readJsonObject(path));
  if (result.success) return result.output;
  const problems = result.issues.map((issue) => `"${v.getDotPath(issue) ?? ''}": ${issue.message}`);
  throw new ModelError(
    'MODEL_CONFIG_INVALID',
    `${path}: ${problems.join('; ')}. Allowed: width and height ${sizeLimitsPx.min} to ${sizeLimitsPx.max} in steps of ${sizeLimitsPx.step}, steps 1 to 1000, guidance 1 to 50, scheduler one of ${schedulerNames.join(', ')}. Mend the file or remove it.`,
    { details: { path, problems } },
  );
}

function trainedSide(model: LoadedModel): number {
  if (model.hints.sampleSize === undefined) return trainedSidePx[model.kind];
  const { min, max, step } = sizeLimitsPx;
  const sidePx = model.hints.sampleSize * vaeDownscale(model.vae.config);
  return Math.min(max, Math.max(min, Math.round(sidePx / step) * step));
}

/** The words a small model was trained on, from vocabulary.json: any nesting of lists and groups, flattened. */
export async function findVocabulary(folders: readonly string[]): Promise<readonly string[] | undefined> {
  const path = await findFile(folders, 'vocabulary.json');
  if (path === undefined) return undefined;
  const words = new Set<string>();
  collectWords(parseJson(await readText(path), path), words);
  return [...words];
}

/** Without recursion, so that no nesting is too deep. */
function collectWords(value: unknown, into: Set<string>): void {
  const pending: unknown[] = [value];
  for (const next of pending) {
    if (typeof next === 'string') into.add(next);
    else if (typeof next === 'object' && next !== null)
      for (const item of Object.values(next)) pending.push(item);
  }
}
