import type { Command } from 'commander';
import { Option } from 'commander';
import { RequestError } from '#contract/errors.ts';
import type { ModelDefaults } from '#contract/model.ts';
import { modelKinds } from '#contract/model.ts';
import {
  maxDownsamples,
  noMerging,
  parseGenerationRequest,
  partitionKinds,
  schedulerNames,
  sizeLimitsPx,
} from '#contract/request.ts';
import type { GenerationRequest } from '#contract/request.ts';

/** The options of `generate` as commander hands them over: numbers are still text, so that a message can quote them. */
export interface GenerateOptions {
  readonly negative: string;
  readonly model?: string;
  readonly modelKind?: (typeof modelKinds)[number];
  readonly config?: string;
  readonly width?: string;
  readonly height?: string;
  readonly size?: string;
  readonly steps?: string;
  readonly scheduler?: string;
  readonly guidance?: string;
  readonly seed?: string;
  readonly count: string;
  readonly out?: string;
  readonly maps?: string;
  readonly preview?: string;
  readonly previewEvery: string;
  readonly ratio: string;
  readonly ratioEnd?: string;
  readonly mergeMode: string;
  readonly partition: string;
  readonly cell: string;
  readonly maxDownsample: string;
  readonly mergeBlocks?: string;
  readonly merge: string;
  readonly sharePartition: boolean;
}

const mergeModules = ['self', 'cross', 'mlp'] as const;

export function addGenerateOptions(command: Command): Command {
  const { min, max, step } = sizeLimitsPx;
  return command
    .option('-n, --negative <text>', 'what the picture should not show', '')
    .option(
      '-s, --size <WxH>',
      `picture size in pixels, ${min} to ${max} in steps of ${step} (default: the model's)`,
    )
    .option('--width <px>', 'width alone')
    .option('--height <px>', 'height alone')
    .option('--steps <n>', "sampling steps (default: the model's)")
    .option('--scheduler <name>', `one of ${schedulerNames.join(', ')} (default: the model's)`)
    .option(
      '-g, --guidance <scale>',
      "how closely to follow the prompt; 1 = no guidance, half the work (default: the model's)",
    )
    .option('--seed <n>', 'seed of the first picture; the next ones count on (default: random, and told)')
    .option('-c, --count <n>', 'pictures to make', '1')
    .optionsGroup('Model:')
    .option('-m, --model <path>', 'a diffusers folder or a .safetensors file (default: the embedded model)')
    .addOption(
      new Option('--model-kind <kind>', 'what the checkpoint is, when it cannot tell itself').choices(
        modelKinds,
      ),
    )
    .option('--config <folder>', 'diffusers folder whose config.json files describe a single file')
    .optionsGroup('Token merging:')
    .option('-r, --ratio <share>', 'share of tokens merged away, 0 to 1; 0 = no merging', '0')
    .option(
      '--ratio-end <share>',
      'share at the last step; runs there in a straight line (default: as --ratio)',
    )
    .option('--merge-mode <mode>', 'merge (average) or prune (leave out)', noMerging.mode)
    .option(
      '--partition <kind>',
      `how destinations are chosen: ${partitionKinds.join(', ')}`,
      noMerging.partition,
    )
    .option(
      '--cell <SXxSY>',
      'tokens of a cell across and down; each has one destination',
      `${noMerging.sx}x${noMerging.sy}`,
    )
    .option(
      '--max-downsample <n>',
      `merge blocks downsampled up to ${maxDownsamples.join(', ')}`,
      String(noMerging.maxDownsample),
    )
    .option('--merge-blocks <a,b>', 'merge these blocks instead, by name ("inspect" lists them)')
    .option('--merge <modules>', `which of ${mergeModules.join(',')} work on merged tokens`, 'self')
    .option(
      '--no-share-partition',
      'a partition of its own for each half of guidance (worse pictures; for comparison)',
    )
    .optionsGroup('Output:')
    .option(
      '-o, --out <path>',
      'a .png file, which is replaced, or a folder, where free names are chosen (default: out)',
    )
    .option('--maps <folder>', 'write which token stood for which, for each merged block and step')
    .option('--preview <file>', 'keep a small preview of the running picture in this .png')
    .option('--preview-every <n>', 'steps between previews', '1');
}

/** What fills a request before its model is known, to find what is wrong in the options themselves. */
export const anyDefaults: ModelDefaults = {
  widthPx: 512,
  heightPx: 512,
  steps: 20,
  guidanceScale: 7.5,
  scheduler: 'ddim',
};

/** Throws REQUEST_INVALID with everything that is wrong. */
export function toRequest(
  prompt: string,
  options: GenerateOptions,
  defaults: ModelDefaults,
  seed: number,
): GenerationRequest {
  const [width, height] = sizeOf(options);
  const [sx, sy] = pair('--cell', options.cell, '2x2');
  const modules = list(options.merge);
  const unknown = modules.filter((name) => !mergeModules.some((known) => known === name));
  if (unknown.length > 0) {
    throw new RequestError(
      'REQUEST_INVALID',
      `--merge names ${unknown.join(', ')}; allowed: ${mergeModules.join(', ')}, joined by commas.`,
    );
  }
  return parseGenerationRequest({
    prompt,
    negativePrompt: options.negative,
    widthPx: width ?? defaults.widthPx,
    heightPx: height ?? defaults.heightPx,
    steps: numberOr('--steps', options.steps, defaults.steps),
    scheduler: options.scheduler ?? defaults.scheduler,
    guidanceScale: numberOr('--guidance', options.guidance, defaults.guidanceScale),
    seed: numberOr('--seed', options.seed, seed),
    count: number('--count', options.count),
    merging: {
      ratio: number('--ratio', options.ratio),
      ...(options.ratioEnd === undefined ? {} : { ratioEnd: number('--ratio-end', options.ratioEnd) }),
      mode: options.mergeMode,
      partition: options.partition,
      sx,
      sy,
      maxDownsample: number('--max-downsample', options.maxDownsample),
      ...(options.mergeBlocks === undefined ? {} : { blocks: list(options.mergeBlocks) }),
      selfAttention: modules.includes('self'),
      crossAttention: modules.includes('cross'),
      mlp: modules.includes('mlp'),
      sharePartition: options.sharePartition,
    },
  });
}

function sizeOf(options: GenerateOptions): [number | undefined, number | undefined] {
  const { size, width, height } = options;
  if (size === undefined) return [optionalNumber('--width', width), optionalNumber('--height', height)];
  if (width !== undefined || height !== undefined) {
    throw new RequestError(
      'REQUEST_INVALID',
      '--size was given together with --width or --height. Give one or the other.',
    );
  }
  return pair('--size', size, '512x512');
}

const numberPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

function number(option: string, text: string): number {
  if (numberPattern.test(text.trim())) return Number(text);
  throw new RequestError('REQUEST_INVALID', `${option} is "${text}"; allowed: a number such as 1 or 0.5.`);
}

function optionalNumber(option: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : number(option, text);
}

function numberOr(option: string, text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : number(option, text);
}

/** Two whole numbers with an x between: their limits are the request's matter. */
function pair(option: string, text: string, example: string): [number, number] {
  const match = /^\s*(-?\d+)\s*[x×]\s*(-?\d+)\s*$/i.exec(text);
  if (match === null) {
    throw new RequestError(
      'REQUEST_INVALID',
      `${option} is "${text}"; allowed: two whole numbers with an x between, such as ${example}.`,
    );
  }
  return [Number(match[1]), Number(match[2])];
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

export function previewEvery(options: GenerateOptions): number {
  if (options.preview === undefined) return 0;
  const every = number('--preview-every', options.previewEvery);
  if (Number.isInteger(every) && every >= 1) return every;
  throw new RequestError('REQUEST_INVALID', `--preview-every is ${every}; allowed: whole numbers from 1.`);
}
