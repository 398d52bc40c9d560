import type { UnetConfig } from '../nets/configs.ts';
import { attentionBlocks } from '../nets/unet-blocks.ts';
import type { MergingReport } from './describe.ts';
import { sideOf, type MergeSettings } from './settings.ts';

type Facts = Omit<MergingReport, 'notes'>;

/** Why nothing would be merged. Shares are of a grid's tokens; grids are named by width and height. */
type Nothing =
  | {
      code:
        | 'merging-all-off'
        | 'merging-no-keys-values'
        | 'merging-no-named-block'
        | 'merging-no-coarser-grid'
        | 'merging-no-destination';
    }
  | { code: 'merging-no-attention'; maxDownsample: number }
  | { code: 'merging-costly'; grids: string[]; asked: number }
  | { code: 'merging-nearer-whole'; asked: number }
  | { code: 'merging-less-than-one'; asked: number; tokens: number };

/** What must be said of a merging that does not do what was asked. Whoever shows it has the words. */
export type MergingNote =
  | Nothing
  | { code: 'merging-unknown-blocks'; unknown: string[]; known: string[] }
  /** Cross-attention's keys and values come from the text, and the MLP has none. */
  | { code: 'merging-text-keys' }
  /** Options that have nothing to work on. */
  | { code: 'merging-idle'; options: ('side' | 'threshold' | 'importance')[] }
  /** At the first and the last step; coarser grids come in steps. */
  | { code: 'merging-in-steps'; asked: [number, number]; given: [number, number] }
  | { code: 'merging-capped'; asked: number; most: number }
  | { code: 'merging-left-out'; grids: string[] };

export function mergingNotes(config: UnetConfig, settings: MergeSettings, facts: Facts): MergingNote[] {
  const asked = Math.max(settings.ratio, settings.ratioEnd ?? 0);
  if (asked === 0) return [];
  const known = attentionBlocks(config).map((block) => block.name);
  const unknown = (settings.blocks ?? []).filter((name) => !known.includes(name));
  const said: MergingNote[] = unknown.length > 0 ? [{ code: 'merging-unknown-blocks', unknown, known }] : [];
  const nothing = nothingGoes(settings, facts, asked);
  if (nothing !== undefined) return [...said, nothing];
  return [...said, ...oneSide(settings), ...limits(settings, facts, asked), ...leftOutGrids(facts)];
}

function nothingGoes(settings: MergeSettings, facts: Facts, asked: number): Nothing | undefined {
  const { selfAttention, crossAttention, mlp } = settings;
  if (!selfAttention && !crossAttention && !mlp) return { code: 'merging-all-off' };
  if (sideOf(settings) === 'keys-values' && !selfAttention) return { code: 'merging-no-keys-values' };
  if (facts.blocks.length === 0) {
    const { blocks, maxDownsample } = settings;
    return blocks === undefined
      ? { code: 'merging-no-attention', maxDownsample }
      : { code: 'merging-no-named-block' };
  }
  if (facts.maxRatio === 0)
    return { code: settings.mode === 'downsample' ? 'merging-no-coarser-grid' : 'merging-no-destination' };
  if (facts.effectiveRatio > 0 || facts.effectiveRatioEnd > 0) return undefined;
  if (facts.costly.length > 0) return { code: 'merging-costly', grids: [...facts.costly], asked };
  if (settings.mode === 'downsample') return { code: 'merging-nearer-whole', asked };
  return {
    code: 'merging-less-than-one',
    asked,
    tokens: Math.max(...facts.blocks.map((block) => block.tokens)),
  };
}

function oneSide(settings: MergeSettings): MergingNote[] {
  const said: MergingNote[] = [];
  const { mode, side, threshold, importance, crossAttention, mlp } = settings;
  if (sideOf(settings) === 'keys-values' && (crossAttention || mlp)) said.push({ code: 'merging-text-keys' });
  const options = [
    side === 'queries' ? ['side' as const] : [],
    threshold === undefined ? [] : ['threshold' as const],
    importance === 0 ? [] : ['importance' as const],
  ].flat();
  if (mode === 'downsample' && options.length > 0) said.push({ code: 'merging-idle', options });
  return said;
}

/** Half a percent: what a grid that the factor does not divide differs by anyway. */
const worthSaying = 0.005;

function limits(
  { mode, ratio, ratioEnd = ratio }: MergeSettings,
  facts: Facts,
  asked: number,
): MergingNote[] {
  const { effectiveRatio, effectiveRatioEnd, maxRatio } = facts;
  if (mode === 'downsample') {
    const off = Math.max(Math.abs(ratio - effectiveRatio), Math.abs(ratioEnd - effectiveRatioEnd));
    if (off < worthSaying) return [];
    const given: [number, number] = [effectiveRatio, effectiveRatioEnd];
    return [{ code: 'merging-in-steps', asked: [ratio, ratioEnd], given }];
  }
  return asked > maxRatio ? [{ code: 'merging-capped', asked, most: maxRatio }] : [];
}

function leftOutGrids({ costly }: Facts): MergingNote[] {
  return costly.length === 0 ? [] : [{ code: 'merging-left-out', grids: [...costly] }];
}
