/** Numbers for people. The language is a BCP 47 tag. */

export function formatBytes(bytes: number, language: string): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 2 && value < 100 ? 1 : 0;
  return `${value.toLocaleString(language, { maximumFractionDigits: digits })} ${units[unit] ?? ''}`;
}

/** "4 s", "1 min 20 s", "2 h 5 min": two units at most; under ten seconds one digit more. */
export function formatDuration(ms: number, language: string): string {
  const part = (value: number, unit: 'second' | 'minute' | 'hour', digits = 0): string =>
    value.toLocaleString(language, {
      style: 'unit',
      unit,
      unitDisplay: 'narrow',
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
  const seconds = ms / 1000;
  if (seconds < 9.95) return part(seconds, 'second', 1);
  const whole = Math.round(seconds);
  if (whole < 60) return part(whole, 'second');
  if (whole < 3600)
    return joinParts(part(Math.floor(whole / 60), 'minute'), whole % 60, (n) => part(n, 'second'));
  const minutes = Math.round(whole / 60);
  return joinParts(part(Math.floor(minutes / 60), 'hour'), minutes % 60, (n) => part(n, 'minute'));
}

function joinParts(first: string, rest: number, format: (rest: number) => string): string {
  return rest === 0 ? first : `${first} ${format(rest)}`;
}

export function formatPercent(share: number, language: string): string {
  return share.toLocaleString(language, { style: 'percent', maximumFractionDigits: 0 });
}

export function formatFactor(factor: number, language: string): string {
  return `${factor.toLocaleString(language, { minimumFractionDigits: 1, maximumFractionDigits: factor < 1.1 ? 2 : 1 })}×`;
}
