import { formatDuration } from '../../lib/format.ts';

/** A time that may be a few milliseconds: "9 ms", "1.2 s". */
export function formatShortTime(ms: number, language: string): string {
  if (ms >= 1000) return formatDuration(ms, language);
  return ms.toLocaleString(language, {
    style: 'unit',
    unit: 'millisecond',
    unitDisplay: 'narrow',
    maximumFractionDigits: ms < 10 ? 1 : 0,
  });
}
