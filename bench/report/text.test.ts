import { expect, test } from 'vitest';
import { formatResults } from './text.ts';
import type { Figure, Results, Study } from '../results.ts';

const tessera = { side: 'tessera', provider: 'cpu' } as const;
const torch = { side: 'torch', provider: 'cpu' } as const;
const times = (median: number) => ({ median, min: median - 1, max: median + 1, count: 3 });
const peak = { bytes: 300 * 2 ** 20, source: 'VmHWM' };

function report(figures: readonly Figure[]): string[] {
  const study: Study = {
    key: { topic: 'block' },
    title: 'Block',
    figures,
    sameWorkLimit: 1e-3,
    notes: ['A note.'],
  };
  const results: Results = { date: '2026-01-02', machine: { cores: '2' }, versions: {}, studies: [study] };
  return formatResults(results).split('\n');
}

test('each side is compared with its own ratio 0, and ours with the peers at the same ratio', () => {
  const lines = report([
    { ...tessera, ratio: 0, times: times(200), peak },
    { ...torch, ratio: 0, times: times(300) },
    { ...tessera, ratio: 0.5, times: times(100) },
    { ...torch, ratio: 0.5, times: times(250) },
  ]);
  const cells = lines.filter((line) => /^(tessera|torch) /.test(line)).map((line) => line.split(/ {2,}/));
  expect(cells).toEqual([
    ['tessera', '0', '200 (199–201)', '1.00', '1.50', '300'],
    ['torch', '0', '300 (299–301)', '1.00'],
    ['tessera', '0.5', '100 (99.0–101)', '2.00', '2.50'],
    ['torch', '0.5', '250 (249–251)', '1.20'],
  ]);
  expect(lines).toContain('A note.');
});

test('outputs that differ too much are named', () => {
  const [same, other] = [1e-4, 2e-3].map((overall) =>
    report([{ ...tessera, ratio: 0, times: times(5), difference: { largest: 1, overall } }]).join('\n'),
  );
  expect(same).not.toContain('NOT THE SAME');
  expect(other).toContain('2.0e-3 NOT THE SAME');
});

test('what failed says so, once for the same reason', () => {
  const lines = report([{ ...torch, ratio: 0.5, failure: 'no room' }]);
  expect(lines.filter((line) => line.includes('no room'))).toEqual(['torch at ratio 0.5 failed: no room']);
});
