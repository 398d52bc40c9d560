import { m } from '../../paraglide/messages.js';
import type { FacetCounts } from './facets.svelte.ts';

/** The one option that leaves nothing out; no model or tag is empty. */
export const anything = '';

/** How many pictures, in words. */
export function totalOf(count: number, language: string): string {
  return count === 1 ? m.history_total_one() : m.history_total({ count: count.toLocaleString(language) });
}

/** What each filter of the gallery offers, in words. */
export function filterOptions(facets: FacetCounts, language: string) {
  const detail = (count: number) => totalOf(count, language);
  return {
    modelId: [
      { value: anything, label: m.history_all_models() },
      ...facets.models.map(({ id, name, count }) => ({ value: id, label: name, detail: detail(count) })),
    ],
    merging: [
      { value: anything, label: m.history_any_merging() },
      { value: 'none', label: m.history_unmerged() },
      { value: 'quarter', label: m.history_merging_quarter() },
      { value: 'half', label: m.history_merging_half() },
      { value: 'more', label: m.history_merging_more() },
    ],
    date: [
      { value: anything, label: m.history_any_time() },
      { value: 'day', label: m.history_last_day() },
      { value: 'week', label: m.history_last_week() },
      { value: 'month', label: m.history_last_month() },
      { value: 'between', label: m.history_between() },
    ],
    state: [
      { value: anything, label: m.history_any_state() },
      { value: 'done', label: m.history_state_done() },
      { value: 'making', label: m.history_state_making() },
      { value: 'failed', label: m.history_state_failed() },
      { value: 'cancelled', label: m.history_state_cancelled() },
    ],
    tag: [
      { value: anything, label: m.history_any_tag() },
      ...facets.tags.map(({ tag, count }) => ({ value: tag, label: tag, detail: detail(count) })),
    ],
  };
}

export const sortLabels = {
  newest: m.history_sort_newest,
  oldest: m.history_sort_oldest,
  fastest: m.history_sort_fastest,
  slowest: m.history_sort_slowest,
  ratio: m.history_sort_ratio,
};
