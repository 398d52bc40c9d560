import { expect, test } from 'vitest';
import { writeDocument } from './document.ts';
import { shownRecords } from './records.ts';
import { recordOf } from './testing.ts';

const template = '# Title\n<!-- tessera: marks -->\n<!-- tessera: figures -->\n<!-- tessera: tried -->\nHow.';
const key = { topic: 'unet-demo', model: 'demo', sizePx: 512 } as const;
const lines = [
  { ratio: 0, ms: 300, peakBytes: 2 ** 30 },
  { side: 'torch', ratio: 0, ms: 450 },
  { ratio: 0.5, ms: 150, peakBytes: 2 ** 30 },
  { side: 'torch', ratio: 0.5, ms: 300 },
] as const;

test('the document has marks, figures with their origin, plots, and what was tried', () => {
  const records = [recordOf(key, lines)];
  const { markdown, plots } = writeDocument(template, records, [{ title: '8 bits', path: 'tried/int8.md' }]);
  expect(markdown).toContain('| The same: ratio .5 over 0 | ≥ 1.40× | 2.00× | met |');
  expect(markdown).toContain('### U-Net pass: the embedded model');
  expect(markdown).toContain('|  | tessera | .5 | 150 ms | 149 ms–151 ms (3) | 2.00 | 2.00 | 1024 |');
  expect(markdown).toContain('Commit abc1234, 2 January 2026 03:04 UTC.');
  expect(markdown).toContain('- [8 bits](tried/int8.md)');
  expect(markdown.endsWith('How.')).toBe(true);
  expect(plots.map(({ name }) => name)).toEqual(['unet-demo-time.svg', 'unet-demo-memory.svg']);
  for (const { name } of plots) expect(markdown).toContain(`(benchmarks/${name})`);
});

test('a template without a place for the figures is refused', () => {
  expect(() => writeDocument('# Title', [], [])).toThrow('marks');
});

test('what was left out says why', () => {
  const record = recordOf({ ...key, sizePx: 2048 }, []);
  const leftOut = 'one run would take about 900 s';
  const { markdown } = writeDocument(
    template,
    [recordOf(key, lines), { ...record, study: { ...record.study, leftOut } }],
    [],
  );
  expect(markdown).toContain(`- 2048 px: left out: ${leftOut}.`);
});

test("another machine's figures stand apart, and its plots do not overwrite", () => {
  const { plots } = writeDocument(
    template,
    [recordOf(key, lines), recordOf(key, lines, { machine: { processor: 'Q' } })],
    [],
  );
  expect(new Set(plots.map(({ name }) => name)).size).toBe(4);
});

test('of older runs of a study only those show that have what the newer lack', () => {
  const old = recordOf(key, lines, { at: '2026-01-01T00:00:00.000Z' });
  const older = recordOf(key, [...lines, { ratio: 0.75, ms: 100 }], { at: '2025-12-31T00:00:00.000Z' });
  const newest = recordOf(key, lines);
  expect(shownRecords([older, old, newest]).map(({ record }) => record)).toEqual([newest, older]);
});
