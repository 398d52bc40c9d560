import { join } from 'node:path';
import { ModelError } from '#contract/errors.ts';
import type { ClipTextConfig, UnetConfig, VaeConfig } from '#kernels/nets/configs.ts';
import { parseScheduleConfig, type ScheduleConfig } from './configs/schedule.ts';
import { parseTextConfig } from './configs/text.ts';
import { parseUnetConfig } from './configs/unet.ts';
import { parseVaeConfig } from './configs/vae.ts';
import { isFile, readJsonObject, type JsonObject } from './files.ts';

/** What the config.json files of a folder in diffusers layout say; absent files leave their part open. */
export interface FolderConfigs {
  readonly unet?: UnetConfig;
  readonly text?: ClipTextConfig;
  readonly vae?: VaeConfig;
  readonly schedule?: ScheduleConfig;
  /** The side of the training pictures in latents (the U-Net's sample_size). */
  readonly sampleSize?: number;
}

export const configPaths = {
  unet: join('unet', 'config.json'),
  text: join('text_encoder', 'config.json'),
  vae: join('vae', 'config.json'),
  schedule: join('scheduler', 'scheduler_config.json'),
} as const;

export async function readFolderConfigs(folder: string): Promise<FolderConfigs> {
  const unet = await optional(folder, configPaths.unet, (path, values) => ({
    unet: parseUnetConfig(path, values),
    ...sampleSize(values),
  }));
  const text = await optional(folder, configPaths.text, (path, values) => ({
    text: parseTextConfig(path, values),
  }));
  const vae = await optional(folder, configPaths.vae, (path, values) => ({
    vae: parseVaeConfig(path, values),
  }));
  const schedule = await optional(folder, configPaths.schedule, (path, values) => ({
    schedule: parseScheduleConfig(path, values),
  }));
  return { ...unet, ...text, ...vae, ...schedule };
}

async function optional<T extends FolderConfigs>(
  folder: string,
  name: string,
  parse: (path: string, values: JsonObject) => T,
): Promise<T | undefined> {
  const path = join(folder, name);
  return (await isFile(path)) ? parse(path, await readJsonObject(path)) : undefined;
}

/** Only a hint for the picture's size, so an odd value is left aside. */
function sampleSize(values: JsonObject): Pick<FolderConfigs, 'sampleSize'> {
  const size = values['sample_size'];
  return typeof size === 'number' && Number.isInteger(size) && size > 0 ? { sampleSize: size } : {};
}

/** A folder that the user named for its configuration. Throws MODEL_CONFIG_INVALID when it has none. */
export async function readChosenConfigs(folder: string): Promise<FolderConfigs> {
  const configs = await readFolderConfigs(folder);
  if (Object.keys(configs).length > 0) return configs;
  throw new ModelError(
    'MODEL_CONFIG_INVALID',
    `${folder} holds no configuration: none of ${Object.values(configPaths).join(', ')} was found. Give a folder in diffusers layout.`,
    { details: { path: folder, expected: Object.values(configPaths) } },
  );
}
