import type { Notice } from './notice.ts';
import type { Holes, NoticeKey, Speaker } from './speaker.ts';

export type MergingNotice = Extract<Notice, { code: `merging-${string}` }>;

export function describeMerging(notice: MergingNotice, speaker: Speaker): string {
  const { text, percent, list } = speaker;
  const nothing = (key: NoticeKey, holes?: Holes) =>
    text('notice_nothing_merged', { reason: text(key, holes) });
  switch (notice.code) {
    case 'merging-unknown-blocks':
      return text('notice_unknown_blocks', {
        unknown: notice.unknown.join(', '),
        known: notice.known.join(', '),
      });
    case 'merging-all-off':
      return nothing('notice_all_off');
    case 'merging-no-keys-values':
      return nothing('notice_no_keys_values');
    case 'merging-no-named-block':
      return nothing('notice_no_named_block');
    case 'merging-no-coarser-grid':
      return nothing('notice_no_coarser_grid');
    case 'merging-no-destination':
      return nothing('notice_no_destination');
    case 'merging-no-attention':
      return nothing('notice_no_attention', { downsample: String(notice.maxDownsample) });
    case 'merging-costly':
      return nothing('notice_costly', { grids: list(notice.grids), asked: percent(notice.asked) });
    case 'merging-nearer-whole':
      return nothing('notice_nearer_whole', { asked: percent(notice.asked), half: percent(1 / 2) });
    case 'merging-less-than-one': {
      const { asked, tokens } = notice;
      return nothing('notice_less_than_one', { asked: percent(asked), tokens: String(tokens) });
    }
    case 'merging-text-keys':
      return text('notice_text_keys');
    case 'merging-idle': {
      const options = notice.options.map((option) => text(`notice_idle_${option}`));
      return text('notice_idle', { options: list(options) });
    }
    case 'merging-in-steps': {
      const range = ([start, end]: readonly [number, number]) =>
        start === end ? percent(start) : text('notice_range', { start: percent(start), end: percent(end) });
      return text('notice_in_steps', { asked: range(notice.asked), given: range(notice.given) });
    }
    case 'merging-capped':
      return text('notice_capped', { asked: percent(notice.asked), most: percent(notice.most) });
    case 'merging-left-out':
      return text('notice_left_out', { grids: list(notice.grids) });
    case 'merging-slower':
      return text('notice_slower', { percent: percent(notice.share) });
  }
}
