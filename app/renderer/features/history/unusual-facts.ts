import { tomesdMerging, type MergingOptions } from '#contract/request.ts';
import { m } from '../../paraglide/messages.js';

/** Options of merging beyond tomesd's, under the field's names, where they are not as usual. */
export function unusualFacts(merging: MergingOptions): (readonly [string, string])[] {
  const { side, threshold, importance, matchScope, matchEvery, matchWindow } = merging;
  const facts: readonly (readonly [string, string, boolean])[] = [
    [m.history_side(), side, side !== tomesdMerging.side],
    [m.history_threshold(), String(threshold), threshold !== undefined],
    [m.history_importance(), String(importance), importance !== tomesdMerging.importance],
    [m.history_match_scope(), matchScope, matchScope !== tomesdMerging.matchScope],
    [m.history_match_every(), String(matchEvery), matchEvery !== tomesdMerging.matchEvery],
    [m.history_match_window(), String(matchWindow), matchWindow !== tomesdMerging.matchWindow],
  ];
  return facts.filter(([, , unusual]) => unusual).map(([label, value]) => [label, value]);
}
