import { formatBytes, formatDuration, formatFactor, formatPercent } from '../../lib/format.ts';
import { m } from '../../paraglide/messages.js';
import { language } from '../../state/language.svelte.ts';
import { stepCacheWords, unusualWords } from '../compare/names.ts';
import type { Statistic } from '#contract/studio/history.ts';
import type { Line, Metric } from './lab-data.ts';

export const metricNames: Record<Metric, () => string> = {
  time: m.lab_metric_time,
  speedup: m.lab_metric_speedup,
  memory: m.lab_metric_memory,
  likeness: m.lab_metric_likeness,
};

/** With their units: what the axis says. */
export const axisNames: Record<Metric, () => string> = {
  time: m.lab_axis_time,
  speedup: m.lab_axis_speedup,
  memory: m.lab_axis_memory,
  likeness: m.lab_axis_likeness,
};

export function lineName({ modelName, merging, stepCache }: Line, manyModels: boolean): string {
  const { ratioEnd: _ratioEnd, ...usual } = merging;
  const words = [
    ...unusualWords(merging.ratioEnd === undefined ? usual : merging),
    ...stepCacheWords(stepCache),
  ];
  const how = words.length === 0 ? m.lab_usual() : words.join(' · ');
  return manyModels ? `${modelName}: ${how}` : how;
}

export function mergingName({ merging, ratio, stepCache }: Statistic): string {
  const isMerged = ratio > 0 || merging.ratioEnd !== undefined;
  const words = [...(isMerged ? unusualWords(merging) : []), ...stepCacheWords(stepCache)];
  const percent =
    ratio === 0 && words.length === 0 ? m.lab_unmerged() : formatPercent(ratio, language.current);
  return [percent, ...words].join(' · ');
}

export function valueWords(metric: Metric, value: number): string {
  switch (metric) {
    case 'time':
      return formatDuration(value * 1000, language.current);
    case 'speedup':
      return formatFactor(value, language.current);
    case 'memory':
      return formatBytes(value * 1e6, language.current);
    case 'likeness':
      return `${value.toLocaleString(language.current, { maximumFractionDigits: 1 })} dB`;
  }
}
