import { extname, join, parse } from 'node:path';
import type { PredictionType } from '#contract/model.ts';
import { modelKinds, type ModelKind } from '#contract/model.ts';
import { Fields, limits, section } from './configs/fields.ts';
import { scaleRange } from './configs/vae.ts';
import { readFolderConfigs, type FolderConfigs } from './config-folder.ts';
import { isFile, parseJson, pathKind, readText, isObject } from './files.ts';
import { readYamlScalars, type YamlScalars } from './ldm-yaml.ts';
import type { HeadRule } from './shapes/unet.ts';

/** What files of the same stem beside a single-file checkpoint say about it. */
export interface BesideConfig {
  /** Where it was said. */
  readonly source: string;
  readonly folder?: FolderConfigs;
  readonly kind?: ModelKind;
  readonly predictionType?: PredictionType;
  readonly heads?: HeadRule;
  readonly scalingFactor?: number;
}

/** Looks for STEM/ (configurations in diffusers layout), STEM.yaml (original configuration) and STEM.json, in that order. */
export async function readBeside(checkpointPath: string): Promise<BesideConfig | undefined> {
  const { dir, name } = parse(checkpointPath);
  const stem = join(dir, name);
  if (extname(checkpointPath) !== '' && (await pathKind(stem)) === 'folder') {
    const folder = await readFolderConfigs(stem);
    if (Object.keys(folder).length > 0) return { source: stem, folder };
  }
  for (const path of [`${stem}.yaml`, `${stem}.yml`]) {
    if (await isFile(path)) return { source: path, ...fromYaml(path, readYamlScalars(await readText(path))) };
  }
  const path = `${stem}.json`;
  if (!(await isFile(path))) return undefined;
  const said = fromJson(path, parseJson(await readText(path), path));
  return Object.keys(said).length > 0 ? { source: path, ...said } : undefined;
}

/** LDM's words for what the net predicts. Source: Stability-AI/stablediffusion@cf1d67a, ldm/models/diffusion/ddpm.py. */
const parameterizations: ReadonlyMap<string, PredictionType> = new Map([
  ['eps', 'epsilon'],
  ['x0', 'sample'],
  ['v', 'v_prediction'],
]);

type Said = Omit<BesideConfig, 'source' | 'folder'>;

function fromYaml(path: string, scalars: YamlScalars): Said {
  const at = (key: string) => scalars.get(`model.params.${key}`);
  const number = (key: string) => (at(key) === undefined ? undefined : Number(at(key)));
  const fields = new Fields(path, {
    parameterization: at('parameterization'),
    scale_factor: number('scale_factor'),
    num_heads: number('unet_config.params.num_heads'),
    num_head_channels: number('unet_config.params.num_head_channels'),
  });
  const word = fields.oneOf('parameterization', [...parameterizations.keys()], 'eps') ?? 'eps';
  const scalingFactor =
    fields.value('scale_factor') === undefined ? undefined : fields.number('scale_factor', scaleRange);
  const heads = yamlHeads(fields);
  fields.finish();
  return {
    predictionType: parameterizations.get(word) ?? 'epsilon',
    ...(heads === undefined ? {} : { heads }),
    ...(scalingFactor === undefined ? {} : { scalingFactor }),
  };
}

/** LDM writes −1 for "not given". */
function yamlHeads(fields: Fields): HeadRule | undefined {
  const given = (key: string) => ![undefined, -1].includes(fields.value(key) as number | undefined);
  if (given('num_head_channels'))
    return { headChannels: fields.integer('num_head_channels', limits.channels) };
  if (given('num_heads')) return { headCount: fields.integer('num_heads', limits.heads) };
  return undefined;
}

/** `kind` (ours) or `prediction_type` (diffusers'); other JSON files of the same stem are notes of other programs. */
function fromJson(path: string, value: unknown): Said {
  if (!isObject(value)) return {};
  const scheduler = section(value, 'scheduler');
  const fields = new Fields(path, {
    kind: value['kind'],
    prediction_type: value['prediction_type'] ?? scheduler['prediction_type'],
  });
  const kind = fields.value('kind') === undefined ? undefined : fields.oneOf('kind', modelKinds);
  const predictionType =
    fields.value('prediction_type') === undefined
      ? undefined
      : fields.oneOf('prediction_type', ['epsilon', 'v_prediction', 'sample']);
  fields.finish();
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(predictionType === undefined ? {} : { predictionType }),
  };
}
