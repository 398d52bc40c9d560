import { ModelError } from '#contract/errors.ts';
import type { ModelKind, NoiseSchedule } from '#contract/model.ts';
import type { SchedulerName } from '#contract/request.ts';
import type { ClipTextConfig, UnetConfig, VaeConfig } from '#kernels/nets/configs.ts';
import { expectedClipTextTensors, expectedUnetTensors, expectedVaeTensors } from '#kernels/nets/tensors.ts';
import type { WeightSource } from '#kernels/onnx/weights.ts';
import { isKnownExtra, isKnownTextExtra } from './names/known-extras.ts';
import { bindTensors, type BoundTensors, type FoundTensor } from './weights.ts';

/** One net of a checkpoint: how it is built, and where its weights lie. */
export interface NetPart<C> {
  readonly config: C;
  /** Absolute, without links; WeightRange.file is relative to it. */
  readonly folder: string;
  readonly weights: WeightSource;
}

export interface Nets {
  readonly unet: NetPart<UnetConfig>;
  readonly textEncoder: NetPart<ClipTextConfig>;
  readonly vae: NetPart<VaeConfig>;
  /** Tensors that no net needs, by their names in the file. */
  readonly ignoredTensors: readonly string[];
  /** Tensors that are not needed and usual in real files (training state, position ids …). */
  readonly knownExtraCount: number;
}

/** How a checkpoint's kind was found. */
export interface KindFinding {
  readonly kind: ModelKind;
  readonly kindSource: 'user' | 'config' | 'recognised';
  /** In words, for the user. */
  readonly kindReason: string;
}

/** From what the request's defaults, the tokenizer and the vocabulary are found. */
export interface Hints {
  /** Where tokenizer/, defaults.json and vocabulary.json are looked for, in order. */
  readonly folders: readonly string[];
  /** The model's own sampler, when it is one of ours. */
  readonly schedulerName: SchedulerName | undefined;
  /** The side of the training pictures in latents. */
  readonly sampleSize: number | undefined;
}

/** What the readers of both layouts give. */
export interface LoadedModel extends Nets, KindFinding {
  readonly layout: 'diffusers' | 'single-file';
  readonly schedule: NoiseSchedule;
  readonly sizeBytes: number;
  readonly hints: Hints;
}

export interface PartInput<C> {
  /** What the user calls its place: a file or a part's folder. */
  readonly path: string;
  readonly config: C;
  readonly folder: string;
  readonly found: ReadonlyMap<string, FoundTensor>;
}

interface NetInputs {
  readonly unet: PartInput<UnetConfig>;
  readonly text: PartInput<ClipTextConfig>;
  readonly vae: PartInput<VaeConfig>;
  /** Names in the files that belong to no part. */
  readonly unknown: readonly string[];
}

/** Verifies the three nets against the tensors that the kernels need, and against one another. */
export function bindNets({ unet, text, vae, unknown }: NetInputs): Nets {
  checkFit(unet, text, vae);
  const boundUnet = bind('U-Net', unet, expectedUnetTensors);
  const boundText = bind('text encoder', text, expectedClipTextTensors);
  const boundVae = bind('VAE', vae, expectedVaeTensors);
  const usedLayers = text.config.layerCount - (text.config.outputLayer === 'penultimate' ? 1 : 0);
  const extras = [
    ...unknown.map((original) => ({ original, known: isKnownExtra(original) })),
    ...boundUnet.extras.map(({ original }) => ({ original, known: isKnownExtra(original) })),
    ...boundText.extras.map(({ name, original }) => ({
      original,
      known: isKnownExtra(original) || isKnownTextExtra(name, usedLayers),
    })),
    ...boundVae.extras.map(({ original }) => ({ original, known: isKnownExtra(original) })),
  ];
  const ignored = new Set(extras.filter(({ known }) => !known).map(({ original }) => original));
  const known = new Set(extras.filter(({ known }) => known).map(({ original }) => original));
  return {
    unet: { config: unet.config, folder: unet.folder, weights: boundUnet.weights },
    textEncoder: { config: text.config, folder: text.folder, weights: boundText.weights },
    vae: { config: vae.config, folder: vae.folder, weights: boundVae.weights },
    ignoredTensors: [...ignored].sort(),
    knownExtraCount: known.size,
  };
}

function bind<C>(
  label: string,
  part: PartInput<C>,
  expect: (config: C) => ReadonlyMap<string, readonly number[]>,
): BoundTensors {
  let expected: ReadonlyMap<string, readonly number[]>;
  try {
    expected = expect(part.config);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ModelError(
      'MODEL_CONFIG_INVALID',
      `The ${label} in ${part.path} has a configuration that no net can be built from: ${reason}. Use a Stable Diffusion 1.x or 2.x model, or mend its config.json.`,
      { details: { path: part.path, net: label }, cause: error },
    );
  }
  return bindTensors({ label, path: part.path }, expected, part.found);
}

function checkFit(
  unet: PartInput<UnetConfig>,
  text: PartInput<ClipTextConfig>,
  vae: PartInput<VaeConfig>,
): void {
  const problems: string[] = [];
  if (unet.config.crossAttentionDim !== text.config.hiddenSize) {
    problems.push(
      `the U-Net expects text of ${unet.config.crossAttentionDim} channels, the text encoder gives ${text.config.hiddenSize}`,
    );
  }
  for (const way of ['inChannels', 'outChannels'] as const) {
    if (unet.config[way] !== vae.config.latentChannels) {
      problems.push(
        `the U-Net has ${unet.config[way]} ${way}, the VAE ${vae.config.latentChannels} latent channels`,
      );
    }
  }
  if (problems.length === 0) return;
  throw new ModelError(
    'MODEL_CONFIG_INVALID',
    `The parts of ${unet.path} do not fit together: ${problems.join('; ')}. They come from different models: use parts of one.`,
    { details: { path: unet.path, problems } },
  );
}
