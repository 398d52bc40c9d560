import { afterEach, expect, it, vi } from 'vitest';
import { noMerging } from '#contract/request.ts';
import type { Candidate } from '#contract/runtime.ts';
import type { Generation } from '#contract/studio/generation.ts';
import { StudioState } from '../../state/studio.svelte.ts';
import { createFakeBridge, fakeGeneration } from '../../state/testing.ts';
import { Comparison } from './comparison.svelte.ts';

let studio: StudioState | undefined;
afterEach(() => {
  studio?.dispose();
});

const cpu: Candidate = { provider: 'cpu', index: 0, device: 'Ryzen', precision: 'f32' };
const eight: Candidate = { ...cpu, precision: 'int8' };
const half = { ...noMerging, ratio: 0.5 };

let last = 0;
function made(place: Candidate, merging = noMerging): Generation {
  return fakeGeneration({
    id: `00000000-0000-4000-8000-${String(++last).padStart(12, '0')}`,
    state: 'done',
    request: { ...fakeGeneration().request, merging },
    figures: {
      ...{ tokeniseMs: 0, textMs: 0, stepsMs: [1], decodeMs: 0, decodeTiles: 1, totalMs: 1, loadMs: 0 },
      runtime: { parts: [{ part: 'unet', ...place }], notices: [] },
    },
    picture: { widthPx: 256, heightPx: 256, sizeBytes: 9 },
  });
}

/** A comparison that begins with the first of these pictures. */
async function compare(pictures: readonly [Generation, ...Generation[]], place: Candidate) {
  const presets = [noMerging, half].map((merging, i) => ({
    ...{ id: `p${i}`, name: null, changes: { merging, stepsFactor: 1 }, figures: null },
  }));
  const fake = createFakeBridge({
    'history.get': () => pictures[0],
    'history.related': () => pictures,
    'history.statistics': () => [],
    'history.quality': () => [],
    'presets.list': () => presets,
  });
  const state = new StudioState(fake.bridge);
  studio = state;
  void state.start();
  await vi.waitFor(() => {
    expect(state.ready).toBe(true);
  });
  fake.say({ type: 'next', place, fallback: null });
  const comparison = new Comparison(state);
  comparison.begin(pictures[0]);
  await vi.waitFor(() => {
    expect([state.next, comparison.presets.length]).toEqual([place, 2]);
  });
  return comparison;
}

const rowsOf = ({ rows }: Comparison) => rows.map(({ group, generation }) => [group, generation?.id ?? null]);

it('is of pictures of one place; those of another one stand apart, and are no reference', async () => {
  const [root, plain, otherPlain, otherHalf] = [
    made(cpu, half),
    made(cpu),
    made(eight),
    made({ ...cpu, device: 'EPYC' }, half),
  ];
  const comparison = await compare([root, otherHalf, otherPlain, plain], cpu);
  expect(rowsOf(comparison)).toEqual([
    ['set', plain.id],
    ['set', root.id],
    ['elsewhere', otherHalf.id],
    ['elsewhere', otherPlain.id],
  ]);
  expect(comparison.reference?.id).toBe(plain.id);
  expect(comparison.otherPlace).toBeUndefined();
});

it('makes nothing that would be made elsewhere, and shows the set of there', async () => {
  const [root, otherHalf] = [made(cpu), made(eight, half)];
  const comparison = await compare([root, otherHalf], eight);
  expect(comparison.otherPlace).toEqual(eight);
  expect(comparison.missing).toEqual([]);
  expect(comparison.reference?.id).toBe(root.id);
  comparison.atNext = true;
  expect(rowsOf(comparison)).toEqual([
    ['set', null],
    ['set', otherHalf.id],
    ['elsewhere', root.id],
  ]);
  expect(comparison.missing.map(({ setting }) => setting.merging.ratio)).toEqual([0]);
  expect(comparison.reference).toBeUndefined();
  expect(comparison.otherPlace).toEqual(cpu);
});
