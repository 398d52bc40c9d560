import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { ModelError } from '#contract/errors.ts';
import type { ModelKind } from '#contract/model.ts';
import type { ClipTextConfig, UnetConfig } from '#kernels/nets/configs.ts';
import { configPaths, readChosenConfigs, readFolderConfigs, type FolderConfigs } from './config-folder.ts';
import { isFile, readJsonObject, type JsonObject } from './files.ts';
import { predictionOfKind } from './kind.ts';
import { diffusersVaeRename } from './names/ldm-vae.ts';
import { clipTextRename } from './names/text.ts';
import { whole } from './names/pieces.ts';
import { bindNets, type KindFinding, type LoadedModel } from './parts.ts';
import { readPartFiles } from './weight-files.ts';

const INDEX = 'model_index.json';

export interface FolderOptions {
  readonly kind?: ModelKind;
  readonly configFolder?: string;
}

/** Opens a checkpoint in diffusers' layout: model_index.json, and a folder with configuration and weights for each part. */
export async function openDiffusersFolder(path: string, options: FolderOptions): Promise<LoadedModel> {
  const indexPath = join(path, INDEX);
  if (!(await isFile(indexPath))) throw await notAModelFolder(path);
  checkComponents(indexPath, await readJsonObject(indexPath));
  const chosen = options.configFolder === undefined ? {} : await readChosenConfigs(options.configFolder);
  const configs: FolderConfigs = { ...(await readFolderConfigs(path)), ...chosen };
  const { unet, text, vae, schedule } = configs;
  if (unet === undefined || text === undefined || vae === undefined || schedule === undefined) {
    throw missingConfigs(path, configs);
  }
  const unetFiles = await readPartFiles(join(path, 'unet'), 'diffusion_pytorch_model', whole);
  const textFiles = await readPartFiles(join(path, 'text_encoder'), 'model', clipTextRename);
  const vaeFiles = await readPartFiles(join(path, 'vae'), 'diffusion_pytorch_model', diffusersVaeRename);
  const nets = bindNets({
    unet: { path: join(path, 'unet'), config: unet, ...unetFiles },
    text: { path: join(path, 'text_encoder'), config: text, ...textFiles },
    vae: { path: join(path, 'vae'), config: vae, ...vaeFiles },
    unknown: [...unetFiles.unknown, ...textFiles.unknown, ...vaeFiles.unknown],
  });
  const files = [...unetFiles.files, ...textFiles.files, ...vaeFiles.files];
  const predictionType =
    options.kind === undefined
      ? schedule.schedule.predictionType
      : predictionOfKind(options.kind, schedule.schedule);
  return {
    layout: 'diffusers',
    ...nets,
    ...findKind(unet, text, predictionType, options.kind),
    schedule: { ...schedule.schedule, predictionType },
    sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
    hints: {
      folders: options.configFolder === undefined ? [path] : [options.configFolder, path],
      schedulerName: schedule.schedulerName,
      sampleSize: configs.sampleSize,
    },
  };
}

/** 2.x is known by its linear projections or by OpenCLIP's activation. */
function findKind(
  unet: UnetConfig,
  text: ClipTextConfig,
  prediction: string,
  chosen: ModelKind | undefined,
): KindFinding {
  if (chosen !== undefined) return { kind: chosen, kindSource: 'user', kindReason: 'chosen by the user' };
  const second = unet.useLinearProjection || text.activation === 'gelu';
  const kind = !second ? 'sd1' : prediction === 'v_prediction' ? 'sd2-v' : 'sd2-base';
  const reason = second
    ? 'linear projections or OpenCLIP activation'
    : 'convolutional projections and CLIP activation';
  return {
    kind,
    kindSource: 'config',
    kindReason: `${reason} in the folder's configuration, which predicts ${prediction}`,
  };
}

/** Part → the class that Tessera's nets are built after. */
const supportedClasses = {
  unet: 'UNet2DConditionModel',
  text_encoder: 'CLIPTextModel',
  vae: 'AutoencoderKL',
} as const;

/** model_index.json names a class for each part; a further text encoder or a transformer makes another family. */
function checkComponents(indexPath: string, index: JsonObject): void {
  const className = (part: string): string | undefined => {
    const value = Object.hasOwn(index, part) ? index[part] : undefined;
    const name: unknown = Array.isArray(value) ? value[1] : undefined;
    return typeof name === 'string' ? name : undefined;
  };
  const problems = Object.entries(supportedClasses)
    .filter(([part, name]) => className(part) !== name)
    .map(([part, name]) => `"${part}" is ${className(part) ?? 'absent'} (supported: ${name})`);
  const others = [
    'text_encoder_2',
    'text_encoder_3',
    'transformer',
    'prior',
    'image_encoder',
    'controlnet',
    'unet_2',
  ];
  for (const part of others) {
    const name = className(part);
    if (name !== undefined) problems.push(`it also needs "${part}" (${name})`);
  }
  if (problems.length === 0) return;
  const pipeline =
    typeof index['_class_name'] === 'string' ? index['_class_name'] : 'a pipeline without a name';
  throw new ModelError(
    'MODEL_KIND_UNSUPPORTED',
    `${indexPath} describes ${pipeline}${familyOf(pipeline)}, which Tessera cannot run yet: ${problems.join('; ')}. Use a model of Stable Diffusion 1.x or 2.x.`,
    { details: { path: indexPath, pipeline, problems } },
  );
}

function familyOf(pipeline: string): string {
  if (pipeline.startsWith('StableDiffusionXL')) return ' (Stable Diffusion XL)';
  if (pipeline.startsWith('StableDiffusion3')) return ' (Stable Diffusion 3)';
  return pipeline.startsWith('Flux') ? ' (FLUX)' : '';
}

function missingConfigs(path: string, configs: FolderConfigs): ModelError {
  const missing = (['unet', 'text', 'vae', 'schedule'] as const)
    .filter((part) => configs[part] === undefined)
    .map((part) => configPaths[part]);
  return new ModelError(
    'MODEL_NOT_A_CHECKPOINT',
    `${path} is not a whole diffusers folder: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing. Download the missing files of the model.`,
    { details: { path, missing } },
  );
}

/** A folder without model_index.json: says what it is instead, and what to open. */
async function notAModelFolder(path: string): Promise<ModelError> {
  const entries = await readdir(path, { withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
  const checkpoints = files.filter((name) => extname(name).toLowerCase() === '.safetensors');
  const models: string[] = [];
  for (const entry of entries.filter((candidate) => candidate.isDirectory())) {
    if (await isFile(join(path, entry.name, INDEX))) models.push(entry.name);
  }
  const problem = `${path} is not a model folder: it has no ${INDEX}`;
  const details = { path, files: files.slice(0, 50), models };
  if (await isFile(join(dirname(path), INDEX))) {
    const todo = `It is the part "${basename(path)}" of a model: open the folder above it, ${dirname(path)}.`;
    return new ModelError('MODEL_NOT_A_CHECKPOINT', `${problem}. ${todo}`, { details });
  }
  const part = files.includes('config.json')
    ? className(await readJsonObject(join(path, 'config.json')))
    : undefined;
  if (part !== undefined) {
    const todo = `Its config.json describes ${part} alone, one part of a model: open a whole model that has such a part.`;
    return new ModelError('MODEL_NOT_A_CHECKPOINT', `${problem}. ${todo}`, { details });
  }
  const todo =
    models.length > 0
      ? `These folders inside it are models: ${models.slice(0, 8).join(', ')}. Open one of them.`
      : checkpoints.length > 0
        ? `It holds ${checkpoints.slice(0, 8).join(', ')}. Open such a file itself.`
        : 'Open a folder in diffusers layout, or a .safetensors file.';
  return new ModelError('MODEL_NOT_A_CHECKPOINT', `${problem}. ${todo}`, { details });
}

/** The class that a part's config.json names: diffusers' way, else transformers'. */
function className(config: JsonObject): string | undefined {
  const { _class_name: own, architectures } = config;
  const name: unknown = own ?? (Array.isArray(architectures) ? architectures[0] : undefined);
  return typeof name === 'string' ? name : undefined;
}
