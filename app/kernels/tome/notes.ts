import type { UnetConfig } from '../nets/configs.ts';
import { attentionBlocks } from '../nets/unet-blocks.ts';
import type { MergingReport } from './describe.ts';
import { sideOf, type MergeSettings } from './settings.ts';

type Facts = Omit<MergingReport, 'notes'>;

const percent = (ratio: number) => `${(100 * ratio).toFixed(1).replace(/\.0$/, '')} %`;

/** What must be said of a merging that does not do what was asked, as plain sentences. */
export function mergingNotes(config: UnetConfig, settings: MergeSettings, facts: Facts): string[] {
  const asked = Math.max(settings.ratio, settings.ratioEnd ?? 0);
  if (asked === 0) return [];
  const known = attentionBlocks(config).map((block) => block.name);
  const unknown = (settings.blocks ?? []).filter((name) => !known.includes(name));
  const said =
    unknown.length > 0 ? [`This model has no block ${unknown.join(', ')}; it has ${known.join(', ')}.`] : [];
  const nothing = nothingGoes(settings, facts, asked);
  if (nothing !== undefined) return [...said, nothing];
  return [...said, ...oneSide(settings), ...limits(settings, facts, asked), ...leftOutGrids(facts)];
}

function nothingGoes(settings: MergeSettings, facts: Facts, asked: number): string | undefined {
  const { selfAttention, crossAttention, mlp } = settings;
  const because = (reason: string) => `Nothing will be merged: ${reason}.`;
  if (!selfAttention && !crossAttention && !mlp)
    return because('self-attention, cross-attention and MLP are all switched off');
  if (sideOf(settings) === 'keys-values' && !selfAttention)
    return because("only self-attention has keys and values of the picture's tokens, and it is switched off");
  if (facts.blocks.length === 0) {
    const { blocks, maxDownsample } = settings;
    const where = blocks === undefined ? `at max downsample ${maxDownsample}` : 'among the blocks named';
    return because(`this model has no attention ${where}`);
  }
  if (facts.maxRatio === 0)
    return because(
      settings.mode === 'downsample'
        ? 'at this size there is no coarser grid'
        : 'at this size and cell no token has a destination to go to',
    );
  if (facts.effectiveRatio > 0 || facts.effectiveRatioEnd > 0) return undefined;
  if (facts.costly.length > 0)
    return because(
      `on ${facts.costly.join(' and ')} tokens ${percent(asked)} would cost more time than it saves; a larger picture or share would pay`,
    );
  if (settings.mode === 'downsample')
    return because(`${percent(asked)} is nearer to the whole grid than to every second column of it, 50 %`);
  const tokens = Math.max(...facts.blocks.map((block) => block.tokens));
  return because(`${percent(asked)} of ${tokens} tokens is less than one token`);
}

/** Options that have nothing to work on. */
function oneSide(settings: MergeSettings): string[] {
  const said: string[] = [];
  const { mode, side, threshold, importance, crossAttention, mlp } = settings;
  if (sideOf(settings) === 'keys-values' && (crossAttention || mlp))
    said.push(
      "Only self-attention has fewer keys and values: cross-attention's come from the text, and the MLP has none. Both work on all tokens.",
    );
  const idle = [
    side === 'queries' ? ['side queries'] : [],
    threshold === undefined ? [] : ['the threshold'],
    importance === 0 ? [] : ['importance'],
  ].flat();
  if (mode === 'downsample' && idle.length > 0)
    said.push(`A coarser grid compares no tokens: ${idle.join(' and ')} will not be used.`);
  return said;
}

/** Half a percent: what a grid that the factor does not divide differs by anyway. */
const worthSaying = 0.005;

function limits({ mode, ratio, ratioEnd = ratio }: MergeSettings, facts: Facts, asked: number): string[] {
  const { effectiveRatio, effectiveRatioEnd, maxRatio } = facts;
  if (mode === 'downsample') {
    const off = Math.max(Math.abs(ratio - effectiveRatio), Math.abs(ratioEnd - effectiveRatioEnd));
    if (off < worthSaying) return [];
    const range = (start: number, end: number) =>
      start === end ? percent(start) : `${percent(start)} to ${percent(end)}`;
    return [
      `Asked for ${range(ratio, ratioEnd)}; coarser grids come in steps, and ${range(effectiveRatio, effectiveRatioEnd)} is what the nearest leave out.`,
    ];
  }
  return asked > maxRatio
    ? [`Asked for ${percent(asked)}; this partition allows ${percent(maxRatio)}, and that is what is merged.`]
    : [];
}

function leftOutGrids({ costly }: Facts): string[] {
  if (costly.length === 0) return [];
  return [
    `Left out at ${costly.join(' and ')} tokens, at some steps at least: merging there would cost more time than it saves.`,
  ];
}
