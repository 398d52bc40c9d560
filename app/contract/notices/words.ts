import { describeDevice } from './device-words.ts';
import { describeRemedies, room } from './memory-words.ts';
import { describeMerging, type MergingNotice } from './merging-words.ts';
import type { Notice } from './notice.ts';
import type { Speaker } from './speaker.ts';

/** A notice in words: which texts it is put together of. Every language has the same ones. */
export function describeNotice(notice: Notice, speaker: Speaker): string {
  if (isMerging(notice)) return describeMerging(notice, speaker);
  const { text, bytes } = speaker;
  switch (notice.code) {
    case 'memory-low':
      return text('notice_memory_low', { ...room(notice, speaker), low: bytes(notice.lowBytes) });
    case 'memory-low-device':
      return text('notice_memory_low_device', room(notice, speaker));
    case 'memory-short': {
      const help = describeRemedies(notice.remedies, speaker);
      return text('notice_memory_short', { ...room(notice, speaker), help });
    }
    case 'memory-short-device':
      return text('notice_memory_short_device', room(notice, speaker));
    case 'unknown-words':
      return text(notice.of === 'prompt' ? 'notice_unknown_words' : 'notice_unknown_negative_words', {
        words: notice.words.join(', '),
        known: String(notice.known),
      });
    case 'importance-idle':
      return text('notice_importance_idle');
    case 'pictures-not-kept':
      return text('notice_not_kept', { reason: notice.reason });
    case 'end-unwritten':
      return text('notice_end_unwritten', { reason: notice.reason });
    case 'queue-held':
      return text('notice_queue_held', { reason: notice.reason });
    case 'provider-unavailable':
    case 'precision-unavailable':
    case 'device-failed':
    case 'device-too-small':
    case 'engine-ended':
      return describeDevice(notice, speaker);
  }
}

function isMerging(notice: Notice): notice is MergingNotice {
  return notice.code.startsWith('merging-');
}
