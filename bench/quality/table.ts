import { spread } from '../statistics.ts';
import { formatTable } from '../table.ts';
import type { Compared } from './compare.ts';

const columns = [
  { title: 'variant', align: 'left' },
  { title: 'PSNR mean', align: 'right' },
  { title: 'worst', align: 'right' },
  { title: 'SSIM mean', align: 'right' },
  { title: 'U-Net time', align: 'right' },
  { title: 'from', align: 'right' },
  { title: 'to', align: 'right' },
] as const;

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
/** Equal pictures have no finite PSNR: they count as 99 dB, far above what an eye can tell. */
const SAME_DB = 99;

/** Times are shares of the unmerged picture's: median over the prompts, smallest, largest. */
export function formatCompared(compared: readonly Compared[]): string {
  const rows = compared.map(({ name, pairs }) => {
    const db = pairs.map(({ psnrDb }) => psnrDb ?? SAME_DB);
    const share = spread(pairs.map(({ timeShare }) => timeShare));
    return [
      name,
      `${mean(db).toFixed(1)} dB`,
      `${Math.min(...db).toFixed(1)} dB`,
      mean(pairs.map(({ ssim }) => ssim)).toFixed(4),
      ...[share.median, share.min, share.max].map((value) => `${value.toFixed(3)}×`),
    ];
  });
  const notes = compared.flatMap(({ name, warnings }) => warnings.map((text) => `${name}: ${text}`));
  return [formatTable(columns, rows), ...notes].join('\n');
}
