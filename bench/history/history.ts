import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tomesdMerging } from '#contract/request.ts';
import type { HistoryFilter } from '#contract/studio/history.ts';
import { openDatabase } from '#history/db.ts';
import { createStore } from '#history/store.ts';

/** The history with 100,000 pictures: `node bench/history/history.ts [ROWS]`. Medians in milliseconds. */
const rows = Number(process.argv[2] ?? 100_000);
const rounds = 15;
const limitMs = 50;
const pageSize = 60;
const ratios = [0, 0.25, 0.5, 0.6, 0.75];
const places = ['mountains', 'meadow', 'desert', 'ocean'];
const place = { provider: 'cpu', index: 0, device: 'CPU', precision: 'f32' } as const;
const batchId = '11111111-1111-4111-8111-111111111111';

const folder = mkdtempSync(join(tmpdir(), 'tessera-bench-'));
const path = join(folder, 'history.sqlite');
let clock = Date.UTC(2025, 0, 1);
const db = openDatabase(path);
const store = createStore(db, () => (clock += 60_000));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function fill(): void {
  for (let i = 0; i < rows; i++) {
    const request = {
      prompt: `a red sun over blue ${places[i % places.length]} number${i} at dusk, flat art, clean lines, wide view`,
      negativePrompt: i % 3 === 0 ? 'moon, grain' : '',
      widthPx: 512,
      heightPx: 512,
      steps: 20,
      scheduler: 'euler' as const,
      guidanceScale: 7,
      seed: i,
      count: 1,
      merging: { ...tomesdMerging, ratio: ratios[i % ratios.length] ?? 0 },
    };
    const model = { id: `model${i % 7}`, name: `Model ${i % 7}`, hash: null };
    const stepMs = 100 + (i % 50);
    store.insertFound(
      [
        {
          id: crypto.randomUUID(),
          batchId,
          createdAt: clock + i,
          request,
          model,
          provider: 'cpu',
          merging: null,
          figures: {
            tokeniseMs: 1,
            textMs: 9,
            stepsMs: Array<number>(20).fill(stepMs),
            decodeMs: 90,
            decodeTiles: 1,
            totalMs: 20 * stepMs,
            loadMs: 0,
            runtime: { parts: [{ part: 'unet', ...place }], notices: [] },
          },
          memory: [{ what: 'process', bytes: 2e9 + i, source: 'VmHWM' }],
          picture: { fileName: `2026-01/${i}.png`, widthPx: 512, heightPx: 512, sizeBytes: 4e5 },
          hasMaps: true,
        },
      ],
      (_, error) => {
        throw error;
      },
    );
  }
}

function measure(name: string, work: () => unknown): boolean {
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const began = performance.now();
    work();
    times.push(performance.now() - began);
  }
  const median = times.toSorted((a, b) => a - b)[rounds >> 1] ?? 0;
  const met = median <= limitMs;
  say(`${name.padEnd(44)} ${median.toFixed(1).padStart(8)} ms ${met ? '' : `  over ${limitMs} ms`}`);
  return met;
}

const page = (filter: HistoryFilter, sort: 'newest' | 'slowest' | 'ratio' = 'newest', cursor?: string) =>
  store.page({ filter, sort, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) });

/** What the five presets show: the newest pictures of their settings at a place, beside the unmerged ones. */
function presets(): void {
  for (const ratio of ratios) {
    const found = store.presetFigures({
      ...{ modelId: 'model3', modelHash: null, widthPx: 512, heightPx: 512, steps: 20 },
      ...{ scheduler: 'euler', guidanceScale: 7, merging: { ...tomesdMerging, ratio }, place },
    });
    if (found === undefined) throw new Error(`No picture of ratio ${ratio} was found.`);
  }
}

try {
  // The disk's patience is not what is measured: rows are written in one transaction.
  db.pragma('synchronous = OFF');
  db.transaction(fill)();
  say(`${rows} pictures, medians of ${rounds}`);
  const deep = JSON.stringify([rows / 2, rows / 2]);
  const met = [
    measure('open', () => {
      openDatabase(path).close();
    }),
    measure('first page', () => page({})),
    measure('a page in the middle', () => page({}, 'newest', deep)),
    measure('first page, slowest first', () => page({}, 'slowest')),
    measure('first page, by ratio', () => page({}, 'ratio')),
    measure('filter: model and ratio', () => page({ modelId: 'model3', minRatio: 0.4, maxRatio: 0.6 })),
    measure('filter: date', () => page({ since: clock + rows / 2 })),
    measure('filter: state', () => page({ states: ['failed', 'cancelled'] })),
    measure('search: a rare word', () => page({ text: `number${rows - 7}` })),
    measure('search: a word in a quarter of them', () => page({ text: 'meadow' })),
    measure('search: a word in all of them', () => page({ text: 'dusk' })),
    measure('search: two letters', () => page({ text: 'zz' })),
    measure('facets', () => store.facets()),
    measure('figures of five presets', presets),
    measure('one picture', () =>
      store.get(store.page({ filter: {}, sort: 'newest', limit: 1 }).items[0]?.id ?? ''),
    ),
  ];
  measure('statistics (5000 newest)', () => store.statistics({}));
  process.exitCode = met.every(Boolean) ? 0 : 1;
} finally {
  store.close();
  rmSync(folder, { recursive: true, force: true });
}
