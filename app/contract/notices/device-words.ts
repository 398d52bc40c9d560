import { room } from './memory-words.ts';
import type { Notice } from './notice.ts';
import type { Speaker } from './speaker.ts';

export type DeviceNotice = Extract<
  Notice,
  | { code: 'provider-unavailable' | 'precision-unavailable' }
  | { code: 'device-failed' | 'device-too-small' | 'engine-ended' }
>;

export function describeDevice(notice: DeviceNotice, speaker: Speaker): string {
  const { text, provider, precision, place, problem } = speaker;
  switch (notice.code) {
    case 'provider-unavailable': {
      const found = notice.reason ?? text('notice_no_such_device');
      const reason = notice.problem === null ? found : problem(notice.problem, found);
      return text('notice_provider_unavailable', { provider: provider(notice.provider), reason });
    }
    case 'precision-unavailable': {
      const reason = notice.absent
        ? text('notice_precision_absent', { provider: provider(notice.provider) })
        : (notice.reason ?? text('notice_trial_failed'));
      const both = { precision: precision(notice.precision), used: precision(notice.used) };
      return text('notice_precision_unavailable', { ...both, reason });
    }
    case 'device-failed': {
      const way = { from: place(notice.from), to: place(notice.to) };
      // What a driver says of its memory says no more than that.
      return notice.error === 'ENGINE_OUT_OF_MEMORY'
        ? text('notice_device_full', way)
        : text('notice_device_failed', { ...way, reason: notice.reason });
    }
    case 'device-too-small': {
      const way = { from: place(notice.from), to: place(notice.to) };
      return text('notice_device_too_small', { ...way, ...room(notice, speaker) });
    }
    case 'engine-ended': {
      const { from, to, reason } = notice;
      // The process had all precisions of it.
      return text('notice_engine_ended', { from: from.device, to: to.device, reason });
    }
  }
}
