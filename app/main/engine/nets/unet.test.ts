import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tomesdMerging } from '#contract/request.ts';
import { attentionBlocks, levelGrids } from '#kernels/nets/unet-blocks.ts';
import { tomesdMatching, type MatchScope, type MergeStructure } from '#kernels/tome/structure.ts';
import { planMerging, type MergePlan } from '#kernels/tome/plan.ts';
import type { MergeSettings } from '#kernels/tome/settings.ts';
import { expectClose, ofLargest } from '#tests/expect-close.ts';
import { openGoldenModel } from '#tests/golden-model.ts';
import { randomValues } from '#tests/random-values.ts';
import type { NetPart } from './net.ts';
import { loadUnet, type Unet, type UnetInput } from './unet.ts';

const runtime = { threads: 1 };
const { checkpoint } = await openGoldenModel('tiny-sd15');
const part: NetPart<(typeof checkpoint)['unet']['config']> = checkpoint.unet;
const { config } = part;
const T = 5;

/** Every block and every module may merge. */
const everywhere: MergeStructure = {
  mode: 'merge',
  blocks: attentionBlocks(config).map(({ name }) => name),
  modules: ['self', 'cross', 'mlp'],
  ...tomesdMatching,
};
const settings: MergeSettings = { ...tomesdMerging, ratio: 0.5, maxDownsample: 8 };

interface Size {
  readonly batch: number;
  readonly latentH: number;
  readonly latentW: number;
}
const square: Size = { batch: 2, latentH: 8, latentW: 8 };

function planFor(size: Size, some: Partial<MergeSettings> = {}, seed = 1): MergePlan {
  return planMerging(config, { ...settings, ...some }, { ...size, seed, stepIndex: 0, stepCount: 1 });
}

function inputFor(size: Size, merge?: MergePlan): UnetInput {
  const { batch, latentH, latentW } = size;
  return {
    ...size,
    latents: randomValues(latentH * latentW, batch * config.inChannels * latentH * latentW),
    timestep: 321,
    hidden: randomValues(batch, batch * T * config.crossAttentionDim),
    tokenCount: T,
    merge,
  };
}

const exact = { atol: 0, rtol: 0 };
const loaded: Unet[] = [];
async function load(structure: MergeStructure | null): Promise<Unet> {
  const unet = await loadUnet(part, structure, runtime);
  loaded.push(unet);
  return unet;
}
let plain: Unet;
let merging: Unet;
beforeAll(async () => {
  plain = await load(null);
  merging = await load(everywhere);
});
afterAll(async () => {
  for (const unet of loaded) await unet.release();
});

describe('without merging', () => {
  it.each([
    ['merge', square],
    ['prune', square],
    ['merge', { batch: 1, latentH: 9, latentW: 13 }],
  ] as const)(
    'a graph made to %s is bit-identical to the one without it: no plan, ratio 0, nothing to merge',
    async (mode, size) => {
      const unet = mode === 'merge' ? merging : await load({ ...everywhere, mode });
      const { output } = await plain.run(inputFor(size));
      const plans = [undefined, planFor(size, { ratio: 0, mode }), planFor(size, { sx: 16, sy: 16, mode })];
      for (const plan of plans) {
        for (const level of plan?.levels ?? []) expect(level.merged).toBe(0);
        const result = await unet.run({ ...inputFor(size, plan), wantMaps: true });
        expectClose(result.output, output, exact);
        expect(result.maps).toEqual([]);
      }
    },
  );

  it('ignores a plan when the graph holds no merging', async () => {
    const { output } = await plain.run(inputFor(square));
    const planned = await plain.run({ ...inputFor(square, planFor(square)), wantMaps: true });
    expectClose(planned.output, output, exact);
    expect(planned.maps).toEqual([]);
  });

  it('a level that the plan leaves out costs the others nothing', async () => {
    const all = planFor(square);
    const top = { ...all, levels: all.levels.filter(({ level }) => level === 0) };
    const onlyTop = await load({
      ...everywhere,
      blocks: attentionBlocks(config).flatMap(({ name, level }) => (level === 0 ? [name] : [])),
    });
    const [a, b] = [await merging.run(inputFor(square, top)), await onlyTop.run(inputFor(square, all))];
    expectClose(a.output, b.output, exact);
  });
});

describe('one session', () => {
  const wide: Size = { batch: 1, latentH: 9, latentW: 14 };
  const runs: readonly [string, Size, Partial<MergeSettings>, number][] = [
    ['half, random cells', square, {}, 1],
    ['another partition', square, {}, 2],
    ['another kind, ratio, size and batch', wide, { partition: 'random', sx: 3, sy: 2, ratio: 0.7 }, 3],
    ['three sources on a 2×2 grid', { batch: 2, latentH: 8, latentW: 8 }, { partition: 'cells-fixed' }, 1],
    ['only the largest grid, each half its own', square, { sharePartition: false, maxDownsample: 1 }, 4],
  ];

  it('takes any ratio, partition and size from run to run, as a fresh one would', async () => {
    const outputs: Float32Array[] = [];
    for (const [label, size, some, seed] of runs) {
      const input = inputFor(size, planFor(size, some, seed));
      const { output } = await merging.run(input);
      const fresh = await loadUnet(part, everywhere, runtime);
      expectClose(output, (await fresh.run(input)).output, exact, label);
      await fresh.release();
      outputs.push(output);
    }
    const [first, second] = outputs;
    expect(first).not.toEqual(second);
    const again = await merging.run(inputFor(square, planFor(square)));
    expect(again.output).toEqual(first);
    expect((await merging.run(inputFor(square))).output).toEqual((await plain.run(inputFor(square))).output);
  });

  it('treats each sample of a batch as it would alone, with its own partition', async () => {
    const plan = planFor(square, { sharePartition: false });
    const both = inputFor(square, plan);
    const { output, maps } = await merging.run({ ...both, wantMaps: true });
    const half = output.length / 2;
    for (const b of [0, 1]) {
      const own = (data: Float32Array) =>
        data.subarray((b * data.length) / 2, ((b + 1) * data.length) / 2).slice();
      const levels = plan.levels.map((level) => ({ ...level, partitions: level.partitions.slice(b, b + 1) }));
      const alone = await merging.run({
        ...{ ...both, batch: 1, latents: own(both.latents), hidden: own(both.hidden) },
        ...{ merge: { ...plan, batch: 1, levels }, wantMaps: true },
      });
      const expected = output.subarray(b * half, (b + 1) * half);
      expectClose(alone.output, expected, ofLargest(output, 1e-5), `sample ${b}`);
      alone.maps.forEach(({ map, block }, i) => {
        const inBatch = maps[i]?.map.subarray(b * map.length, (b + 1) * map.length) ?? [];
        expectClose(map, inBatch, exact, `sample ${b}, ${block}`);
      });
    }
  });
});

describe('maps of the merged tokens', () => {
  it('leave only when asked for, and change nothing', async () => {
    const input = inputFor(square, planFor(square));
    const silent = await merging.run(input);
    expect(silent.maps).toEqual([]);
    const { maps, output } = await merging.run({ ...input, wantMaps: true });
    expect(output).toEqual(silent.output);
    // The 1×1 grid of the middle block has no whole cell.
    expect(maps.map(({ block }) => block)).toEqual(
      everywhere.blocks.filter((name) => name !== 'mid_block.attentions.0'),
    );
  });

  it.each(['merge', 'prune'] as const)('follow the plan in every block: %s', async (mode) => {
    const size = { batch: 2, latentH: 10, latentW: 12 };
    const unet = mode === 'merge' ? merging : await load({ ...everywhere, mode });
    const plan = planFor(size, { sharePartition: false, mode });
    const { maps } = await unet.run({ ...inputFor(size, plan), wantMaps: true });
    const grids = levelGrids(4, size.latentH, size.latentW);
    expect(maps).toHaveLength(15 + (plan.levels[3]?.merged === 0 ? 0 : 1));
    for (const { block, batch, gridH, gridW, map } of maps) {
      const { level } = attentionBlocks(config).find(({ name }) => name === block) ?? { level: -1 };
      expect({ h: gridH, w: gridW, batch }).toEqual({ ...grids[level], batch: 2 });
      const planned = plan.levels.find((one) => one.level === level);
      const tokens = gridH * gridW;
      expect(map).toHaveLength(2 * tokens);
      planned?.partitions.forEach(({ dst, src }, b) => {
        const own = map.subarray(b * tokens, (b + 1) * tokens);
        const gone = [...src].filter((token) => own[token] !== token);
        expect(gone, block).toHaveLength(planned.merged);
        for (const token of dst) expect(own[token], block).toBe(token);
        for (const token of gone) {
          if (mode === 'prune') expect(own[token], block).toBe(-1);
          else expect(dst, block).toContain(own[token]);
        }
      });
    }
  });

  it('of the first block do not depend on what merges after it', async () => {
    const [block = ''] = everywhere.blocks;
    const first = await load({ ...everywhere, blocks: [block], modules: ['self'] });
    const input = { ...inputFor(square, planFor(square)), wantMaps: true };
    const [one, all] = [await first.run(input), await merging.run(input)];
    expect(one.maps).toHaveLength(1);
    expect(one.maps[0]).toEqual(all.maps[0]);
  });
});

describe('a match for several blocks', () => {
  const mapsOf = async (scope: MatchScope) => {
    const unet = await load({ ...everywhere, matchScope: scope });
    const { maps } = await unet.run({ ...inputFor(square, planFor(square)), wantMaps: true });
    return new Map(maps.map(({ block, map }) => [block, map]));
  };

  it('is the first one of its level', async () => {
    const [own, shared] = [await mapsOf('block'), await mapsOf('level')];
    const firstOf = new Map<number, string>();
    for (const { name, level } of attentionBlocks(config)) {
      if (!shared.has(name)) continue;
      const first = firstOf.get(level) ?? name;
      firstOf.set(level, first);
      expect(shared.get(name), name).toEqual(shared.get(first));
    }
    const top = firstOf.get(0) ?? '';
    expect(shared.get(top)).toEqual(own.get(top));
    expect(own.get('up_blocks.3.attentions.2')).not.toEqual(own.get(top));
  });

  it('is the first one on the way down, and another on the way up', async () => {
    const shared = await mapsOf('stage');
    const [down, up] = ['down_blocks.0.attentions', 'up_blocks.3.attentions'];
    expect(shared.get(`${down}.1`)).toEqual(shared.get(`${down}.0`));
    expect(shared.get(`${up}.2`)).toEqual(shared.get(`${up}.0`));
    expect(shared.get(`${up}.0`)).not.toEqual(shared.get(`${down}.0`));
  });
});

describe('a match for several steps', () => {
  it.each([
    ['merge', 'level'],
    ['merge', 'block'],
    ['prune', 'stage'],
  ] as const)('goes from a pass to the next: %s, one a %s', async (mode, matchScope) => {
    const unet = await load({ ...everywhere, mode, matchScope, carriesMatch: true });
    const plan = planFor(square, { mode });
    const input = { ...inputFor(square, plan), wantMaps: true };
    const first = await unet.run(input);
    const later = { ...plan, matches: false };
    // The same latents: with the same match, the same output.
    const again = await unet.run({ ...input, merge: later, match: first.match });
    expect(again.output).toEqual(first.output);
    expect(again.match).toBe(first.match);
    // Others: matched anew, the tokens would go elsewhere.
    const latents = input.latents.map((value, i) => value + Math.sin(i));
    const fresh = await unet.run({ ...input, latents });
    const given = await unet.run({ ...input, latents, merge: later, match: first.match });
    expect(given.maps).toEqual(first.maps);
    expect(fresh.maps).not.toEqual(first.maps);
    expect(given.output).not.toEqual(fresh.output);
  });

  it('takes any size and ratio in between, and none at all', async () => {
    const unet = await load({ ...everywhere, carriesMatch: true });
    for (const some of [{ ratio: 0.3 }, { ratio: 0 }, { ratio: 0.7, sx: 3 }]) {
      const plan = planFor(square, some);
      const first = await unet.run(inputFor(square, plan));
      const again = await unet.run({ ...inputFor(square, { ...plan, matches: false }), match: first.match });
      expect(again.output).toEqual(first.output);
    }
  });

  it('is missed where no pass made it', async () => {
    const unet = await load({ ...everywhere, carriesMatch: true });
    const plan = { ...planFor(square), matches: false };
    await expect(unet.run(inputFor(square, plan))).rejects.toThrow(/no pass before it made/);
  });
});

describe('matching within windows in a U-Net', () => {
  it('sends no token out of its window', async () => {
    const unet = await load({ ...everywhere, windowed: true });
    const window = 4;
    const { maps } = await unet.run({
      ...inputFor(square, planFor(square, { matchWindow: window })),
      wantMaps: true,
    });
    const [top] = maps;
    const { gridW = 1 } = top ?? {};
    const windowOf = (token: number) =>
      [Math.floor(token / gridW / window), Math.floor((token % gridW) / window)].join();
    const tokens = (top?.map.length ?? 0) / 2;
    top?.map.forEach((token, i) => {
      expect(windowOf(token)).toBe(windowOf(i % tokens));
    });
    expect(top?.map.filter((token, i) => token !== i % tokens)).toHaveLength(tokens);
  });
});

describe('a threshold of likeness', () => {
  const run = async (threshold: number, mode: 'merge' | 'prune' = 'merge') => {
    const unet = await load({ ...everywhere, mode, thresholded: true });
    const plan = planFor(square, { mode, threshold });
    return unet.run({ ...inputFor(square, plan), wantMaps: true });
  };

  it('that all reach lets go as many as the ratio does', async () => {
    for (const mode of ['merge', 'prune'] as const) {
      const all = await run(-1, mode);
      const unet = await load({ ...everywhere, mode });
      const byRatio = await unet.run({ ...inputFor(square, planFor(square, { mode })), wantMaps: true });
      expect(all.output).toEqual(byRatio.output);
      expect(all.maps).toEqual(byRatio.maps);
    }
  });

  it('counts for later steps too, which go on with its match', async () => {
    const unet = await load({ ...everywhere, thresholded: true, carriesMatch: true });
    const plan = planFor(square, { threshold: 0.6 });
    const input = { ...inputFor(square, plan), wantMaps: true };
    const first = await unet.run(input);
    const again = await unet.run({ ...input, merge: { ...plan, matches: false }, match: first.match });
    expect(again).toEqual(first);
  });

  it('that none reaches lets nothing go', async () => {
    for (const mode of ['merge', 'prune'] as const) {
      const none = await run(1, mode);
      const plain = await (await load(null)).run(inputFor(square));
      expectClose(none.output, plain.output, ofLargest(plain.output, 1e-4));
      expect(new Set(none.merged?.values())).toEqual(new Set([0]));
    }
  });

  it('counts what went in each block, and its map says the same', async () => {
    const { maps, merged } = await run(0.6);
    expect(merged?.size).toBe(maps.length);
    for (const { block, map, batch } of maps) {
      const tokens = map.length / batch;
      const gone = map.filter((token, i) => token !== i % tokens).length;
      expect(gone, block).toBe(batch * (merged?.get(block) ?? NaN));
    }
    expect(new Set(merged?.values()).size).toBeGreaterThan(1);
  });
});
