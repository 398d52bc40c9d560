import { noMerging, type MergingOptions } from '#contract/request.ts';
import { m } from '../../paraglide/messages.js';

/** Options of merging beyond tomesd's, under the field's names, where they are not as usual. */
export function unusualFacts(merging: MergingOptions): (readonly [string, string])[] {
  const { side, threshold, importance, matchScope, matchEvery, matchWindow } = merging;
  const facts: readonly (readonly [string, string, boolean])[] = [
    [m.history_side(), side, side !== noMerging.side],
    [m.history_threshold(), String(threshold), threshold !== undefined],
    [m.history_importance(), String(importance), importance !== noMerging.importance],
    [m.history_match_scope(), matchScope, matchScope !== noMerging.matchScope],
    [m.history_match_every(), String(matchEvery), matchEvery !== noMerging.matchEvery],
    [m.history_match_window(), String(matchWindow), matchWindow !== noMerging.matchWindow],
  ];
  return facts.filter(([, , unusual]) => unusual).map(([label, value]) => [label, value]);
}
