import { resolve } from 'node:path';
import { ModelError } from '#contract/errors.ts';
import type { ModelDefaults, ModelKind, NoiseSchedule } from '#contract/model.ts';
import { findDefaults, findTokenizer, findVocabulary, type TokenizerFiles } from './companions.ts';
import { openDiffusersFolder } from './diffusers-folder.ts';
import { ioCode, pathKind, unreadable } from './files.ts';
import type { KindFinding, LoadedModel, Nets } from './parts.ts';
import { openSingleFile } from './single-file.ts';
import { notFound } from './suggestions.ts';

export type { NetPart } from './parts.ts';

/** A checkpoint whose every needed tensor is there, in the right shape, in its file. */
export interface Checkpoint extends Nets, KindFinding {
  readonly path: string;
  readonly layout: 'diffusers' | 'single-file';
  readonly schedule: NoiseSchedule;
  /** Tokenizer files that came with the checkpoint, or models/clip-bpe's. */
  readonly tokenizer: TokenizerFiles;
  readonly defaults: ModelDefaults;
  /** Of the weight files together. */
  readonly sizeBytes: number;
  /** The words that a small model knows, when it says so. */
  readonly vocabulary?: readonly string[];
}

export interface OpenOptions {
  readonly kind?: ModelKind;
  /** Folder in diffusers layout whose config.json files are taken as an explicit choice. */
  readonly configFolder?: string;
}

/**
 * Opens a diffusers folder or a single safetensors file. Reads headers and configurations, never weights.
 * Throws ModelError: what is wrong, what was found, what is allowed, what to do.
 */
export async function openCheckpoint(path: string, options: OpenOptions = {}): Promise<Checkpoint> {
  const absolute = resolve(path);
  const chosen: OpenOptions = {
    ...options,
    ...(options.configFolder === undefined ? {} : { configFolder: resolve(options.configFolder) }),
  };
  const model = await load(absolute, chosen);
  const { hints, ...rest } = model;
  const vocabulary = await findVocabulary(hints.folders);
  return {
    path: absolute,
    ...rest,
    tokenizer: await findTokenizer(hints.folders),
    defaults: await findDefaults(model),
    ...(vocabulary === undefined ? {} : { vocabulary }),
  };
}

async function load(path: string, options: OpenOptions): Promise<LoadedModel> {
  try {
    switch (await pathKind(path)) {
      case 'folder':
        return await openDiffusersFolder(path, options);
      case 'file':
        return await openSingleFile(path, options);
      case 'missing':
        throw await notFound(path);
      case 'other':
        throw new ModelError(
          'MODEL_FORMAT_REFUSED',
          `${path} is neither a file nor a folder (a device, a pipe or a socket). Give a .safetensors file or a diffusers folder.`,
          { details: { path } },
        );
    }
  } catch (error) {
    if (error instanceof ModelError || ioCode(error) === '') throw error;
    throw unreadable(path, error);
  }
}
