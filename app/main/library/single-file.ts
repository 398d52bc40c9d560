import { basename, dirname } from 'node:path';
import { ModelError } from '#contract/errors.ts';
import type { ModelKind, NoiseSchedule } from '#contract/model.ts';
import type { ClipTextConfig, UnetConfig, VaeConfig } from '#kernels/nets/configs.ts';
import { readBeside, type BesideConfig } from './beside.ts';
import { readChosenConfigs, type FolderConfigs } from './config-folder.ts';
import { stableDiffusionSchedule } from './configs/schedule.ts';
import { LATENT_SCALE } from './configs/vae.ts';
import { refuseStrangers } from './identify.ts';
import { findSingleFileKind, type Family } from './kind.ts';
import { LDM_UNET_PREFIX, ldmUnetRename } from './names/ldm-unet.ts';
import { LDM_VAE_PREFIX, ldmVaeRename } from './names/ldm-vae.ts';
import { CLIP_PREFIX, clipTextRename, OPEN_CLIP_PREFIX, openClipRename } from './names/text.ts';
import { bindNets, type LoadedModel } from './parts.ts';
import type { SafetensorsFile } from './safetensors.ts';
import { ShapeReader } from './shapes/reader.ts';
import { textFromShapes } from './shapes/text.ts';
import { headRules, unetFromShapes } from './shapes/unet.ts';
import { vaeFromShapes } from './shapes/vae.ts';
import { renameTensors, type Renamed } from './weights.ts';
import { readRealFile } from './weight-files.ts';

export interface SingleFileOptions {
  readonly kind?: ModelKind;
  readonly configFolder?: string;
}

interface RenamedParts {
  readonly unet: Renamed;
  readonly text: Renamed;
  readonly vae: Renamed;
}

/** Opens a checkpoint in one file with the original (LDM) names; the file is used as it is. */
export async function openSingleFile(path: string, options: SingleFileOptions): Promise<LoadedModel> {
  const file = await readRealFile(path);
  refuseStrangers(file);
  const family = findFamily(file);
  const chosen =
    options.configFolder === undefined ? undefined : await readChosenConfigs(options.configFolder);
  const beside = await readBeside(path);
  const parts = renameParts(file, family);
  const configs = findConfigs(path, family, parts, chosen, beside);
  const { predictionType, ...kind } = findSingleFileKind({
    path,
    family,
    kind: options.kind,
    chosen,
    beside,
    metadata: file.metadata,
    marksVelocity: file.tensors.has('v_pred'),
  });
  const folder = dirname(file.path);
  const nets = bindNets({
    unet: { path, folder, config: configs.unet, found: parts.unet.found },
    text: { path, folder, config: configs.text, found: parts.text.found },
    vae: { path, folder, config: configs.vae, found: parts.vae.found },
    unknown: [
      ...parts.unet.unknown,
      ...parts.text.unknown,
      ...parts.vae.unknown,
      ...outsideParts(file, family),
    ],
  });
  const schedule = chosen?.schedule ?? beside?.folder?.schedule;
  return {
    layout: 'single-file',
    ...nets,
    ...kind,
    schedule: { ...(schedule?.schedule ?? ownSchedule(file)), predictionType },
    sizeBytes: file.sizeBytes,
    hints: {
      folders: [options.configFolder, beside?.folder && beside.source].filter((found) => found !== undefined),
      schedulerName: schedule?.schedulerName,
      sampleSize: chosen?.sampleSize ?? beside?.folder?.sampleSize,
    },
  };
}

function textPrefix(family: Family): string {
  return family === 'sd1' ? CLIP_PREFIX : OPEN_CLIP_PREFIX;
}

function findFamily(file: SafetensorsFile): Family {
  const names = [...file.tensors.keys()];
  if (names.some((name) => name.startsWith(CLIP_PREFIX))) return 'sd1';
  if (names.some((name) => name.startsWith(OPEN_CLIP_PREFIX))) return 'sd2';
  const other = names.find((name) => name.startsWith('cond_stage_model.')) ?? 'none';
  throw new ModelError(
    'MODEL_KIND_UNSUPPORTED',
    `${file.path} has a text encoder that is neither CLIP (${CLIP_PREFIX}…, Stable Diffusion 1.x) nor OpenCLIP (${OPEN_CLIP_PREFIX}…, 2.x): found ${JSON.stringify(other)}. Use a model of Stable Diffusion 1.x or 2.x.`,
    { details: { path: file.path, found: other } },
  );
}

function renameParts(file: SafetensorsFile, family: Family): RenamedParts {
  const name = basename(file.path);
  const inner = (prefix: string) =>
    [...file.tensors.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  const unetRename = ldmUnetRename(inner(LDM_UNET_PREFIX));
  const vaeRename = ldmVaeRename(inner(LDM_VAE_PREFIX));
  const textRename = family === 'sd1' ? clipTextRename : openClipRename;
  return {
    unet: renameTensors(name, file.tensors, LDM_UNET_PREFIX, unetRename),
    text: renameTensors(name, file.tensors, textPrefix(family), textRename),
    vae: renameTensors(name, file.tensors, LDM_VAE_PREFIX, vaeRename),
  };
}

function outsideParts(file: SafetensorsFile, family: Family): string[] {
  const prefixes = [LDM_UNET_PREFIX, LDM_VAE_PREFIX, textPrefix(family)];
  return [...file.tensors.keys()].filter((name) => !prefixes.some((prefix) => name.startsWith(prefix)));
}

/** For each net: the user's choice, else what lies beside the file, else what the shapes tell. */
function findConfigs(
  path: string,
  family: Family,
  parts: RenamedParts,
  chosen: FolderConfigs | undefined,
  beside: BesideConfig | undefined,
): { readonly unet: UnetConfig; readonly text: ClipTextConfig; readonly vae: VaeConfig } {
  const given = { ...beside?.folder, ...chosen };
  const shapes = (label: string, part: Renamed) => new ShapeReader(path, label, part.found);
  return {
    unet: given.unet ?? unetFromShapes(shapes('U-Net', parts.unet), beside?.heads ?? headRules[family]),
    text: given.text ?? textFromShapes(shapes('text encoder', parts.text), family),
    vae: given.vae ?? vaeFromShapes(shapes('VAE', parts.vae), beside?.scalingFactor ?? LATENT_SCALE),
  };
}

/** The mark "ztsnr" tells of a schedule rescaled to end in pure noise. */
function ownSchedule(file: SafetensorsFile): NoiseSchedule {
  return { ...stableDiffusionSchedule, rescaleBetasZeroSnr: file.tensors.has('ztsnr') };
}
