import { openCheckpoint } from '#library/checkpoint.ts';
import type { OpenOptions } from '#library/checkpoint.ts';
import { summarize } from '#library/inspect.ts';
import type { CheckpointSummary, PartSummary } from '#library/inspect.ts';
import { resolveModel } from '#library/models.ts';
import { vaeDownscale } from '#kernels/nets/configs.ts';
import { attentionBlocks, levelGrids } from '#kernels/nets/unet-blocks.ts';
import type { Terminal } from '../terminal.ts';

/** One of the U-Net's attention blocks, at the model's own picture size. */
interface BlockLine {
  readonly block: string;
  readonly downsample: number;
  readonly gridW: number;
  readonly gridH: number;
  readonly tokens: number;
}

export async function inspectCommand(
  model: string | undefined,
  options: OpenOptions,
  terminal: Terminal,
): Promise<number> {
  const checkpoint = await openCheckpoint(resolveModel(model), options);
  const summary = summarize(checkpoint);
  const blocks = blockLines(summary);
  if (terminal.isJson) terminal.json({ ok: true, ...summary, blocks });
  else terminal.write(describe(summary, blocks));
  return 0;
}

function blockLines({ parts, defaults }: CheckpointSummary): BlockLine[] {
  const scale = vaeDownscale(parts.vae.config);
  const { config } = parts.unet;
  const grids = levelGrids(
    config.blockOutChannels.length,
    defaults.heightPx / scale,
    defaults.widthPx / scale,
  );
  return attentionBlocks(config).map(({ name, level }) => {
    const { h, w } = grids[level] ?? { h: 0, w: 0 };
    return { block: name, downsample: 2 ** level, gridW: w, gridH: h, tokens: w * h };
  });
}

function describe(summary: CheckpointSummary, blocks: readonly BlockLine[]): string {
  const { schedule, defaults, parts } = summary;
  const lines = [
    summary.path,
    `  layout     ${summary.layout === 'diffusers' ? 'diffusers folder' : 'single file'}, ${megabytes(summary.sizeBytes)}`,
    `  kind       ${summary.kind} (${summary.kindReason})`,
    `  predicts   ${schedule.predictionType}, trained on ${schedule.trainTimesteps} steps, betas ${schedule.betaStart} to ${schedule.betaEnd} ${schedule.betaSchedule}`,
    `  defaults   ${defaults.widthPx}×${defaults.heightPx} px, ${defaults.steps} steps of ${defaults.scheduler}, guidance ${defaults.guidanceScale}`,
    describePart('unet', parts.unet),
    describePart('text', parts.textEncoder),
    describePart('vae', parts.vae),
    `  tokenizer  ${summary.tokenizer.vocabPath}`,
    ...(summary.vocabulary === undefined
      ? []
      : [`  knows      ${summary.vocabulary.length} words: ${summary.vocabulary.join(' ')}`]),
    `  left aside ${summary.ignoredTensors.length} tensors that no net needs${listed(summary.ignoredTensors)}`,
    `  blocks that can merge, at ${defaults.widthPx}×${defaults.heightPx} px:`,
    ...blocks.map(
      ({ block, downsample, gridW, gridH, tokens }) =>
        `    ${block.padEnd(28)} ${`1/${downsample}`.padEnd(5)} ${gridW}×${gridH} = ${tokens} tokens`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function describePart(name: string, part: PartSummary<unknown>): string {
  const dtypes = Object.entries(part.dtypes).map(([dtype, count]) => `${count} ${dtype}`);
  return `  ${name.padEnd(10)} ${(part.parameterCount / 1e6).toFixed(1)} M parameters, ${part.tensorCount} tensors (${dtypes.join(', ')}), ${megabytes(part.sizeBytes)}, ${part.files.join(', ')}`;
}

const shownNames = 3;

function listed(names: readonly string[]): string {
  if (names.length === 0) return '';
  return `: ${names.slice(0, shownNames).join(', ')}${names.length > shownNames ? ', …' : ''}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
