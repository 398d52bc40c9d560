import { describe, expect, it } from 'vitest';
import { allNodes, layoutSource, parseModel } from '#tests/onnx-model.ts';
import { tinyUnetConfig as config } from '#tests/unet-config.ts';
import type { UnetConfig } from './configs.ts';
import { expectedUnetTensors } from './tensors.ts';
import { buildUnet } from './unet.ts';
import { attentionBlocksWithin, branchEntry, levelCount, type UnetExtent } from './unet-extent.ts';

/** Three levels, one layer a block, channels that differ. */
const small: UnetConfig = {
  ...config,
  blockOutChannels: [32, 64, 96],
  downBlockTypes: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  upBlockTypes: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
  layersPerBlock: 1,
  headCounts: [8, 8, 8],
};

const graphOf = (of: UnetConfig, extent: UnetExtent) =>
  parseModel(buildUnet(of, layoutSource(expectedUnetTensors(of)), null, extent)).graph;
const shallow = (branch: number): UnetExtent => ({ part: 'shallow', branch });
const blocks = (of: UnetConfig, branch: number) =>
  attentionBlocksWithin(of, shallow(branch)).map(({ name }) => name);

describe('a branch', () => {
  it('is counted from the end of the up path, as DeepCache counts on SD 1.5', () => {
    expect([0, 2, 3, 11].map((branch) => branchEntry(config, branch))).toEqual([
      { index: 11, level: 0, channels: 32 },
      { index: 9, level: 0, channels: 32 },
      { index: 8, level: 1, channels: 32 },
      { index: 0, level: 3, channels: 64 },
    ]);
    expect(blocks(config, 0)).toEqual(['up_blocks.3.attentions.2']);
    expect(blocks(config, 1)).toEqual([
      'down_blocks.0.attentions.0',
      'up_blocks.3.attentions.1',
      'up_blocks.3.attentions.2',
    ]);
    expect(blocks(config, 3)).toEqual([
      'down_blocks.0.attentions.0',
      'down_blocks.0.attentions.1',
      'up_blocks.2.attentions.2',
      'up_blocks.3.attentions.0',
      'up_blocks.3.attentions.1',
      'up_blocks.3.attentions.2',
    ]);
  });

  it('follows the number of layers and levels', () => {
    expect([0, 1, 2, 5].map((branch) => branchEntry(small, branch))).toEqual([
      { index: 5, level: 0, channels: 32 },
      { index: 4, level: 0, channels: 64 },
      { index: 3, level: 1, channels: 64 },
      { index: 0, level: 2, channels: 96 },
    ]);
    expect(blocks(small, 1)).toEqual([
      'down_blocks.0.attentions.0',
      'up_blocks.2.attentions.0',
      'up_blocks.2.attentions.1',
    ]);
  });

  it.each([-1, 6, 1.5])('that the net does not have is refused: %s', (branch) => {
    expect(() => buildUnet(small, layoutSource(expectedUnetTensors(small)), null, shallow(branch))).toThrow(
      `no step cache branch ${branch}; allowed: 0 to 5`,
    );
  });
});

describe.each([
  ['SD 1.5’s layout', config, [0, 1, 3, 11]],
  ['a small net', small, [0, 1, 2, 3, 4, 5]],
] as const)('the graphs of %s', (_, of, branches) => {
  const whole = graphOf(of, { part: 'whole' });
  const names = (nodes: { readonly name: string }[]) => nodes.map(({ name }) => name);
  const weights = (graph: typeof whole) =>
    names(graph.initializer.filter(({ externalData }) => externalData.length > 0));

  it('a shallow one holds the attention blocks told of, and nothing of the middle', () => {
    for (const branch of branches) {
      const graph = graphOf(of, shallow(branch));
      const held = new Set(
        allNodes(graph).flatMap(({ name, opType }) =>
          opType === 'MultiHeadAttention' ? [name.slice(0, name.indexOf('/'))] : [],
        ),
      );
      expect([...held]).toEqual(blocks(of, branch));
      expect(weights(graph).filter((name) => name.startsWith('mid_block'))).toEqual([]);
      const levels = graph.input.flatMap(({ name }) => /^level(\d+)\//u.exec(name)?.[1] ?? []);
      expect(levels).not.toHaveLength(0);
      for (const level of levels) expect(Number(level)).toBeLessThan(levelCount(of, shallow(branch)));
    }
  });

  it('share names and weights: each holds some of the whole, more with each branch', () => {
    const all = new Set(weights(whole));
    let before = 0;
    for (const branch of branches) {
      const own = weights(graphOf(of, shallow(branch)));
      expect(own.filter((name) => !all.has(name))).toEqual([]);
      expect(own.length).toBeGreaterThan(before);
      before = own.length;
    }
    expect(before).toBeLessThan(all.size);
  });

  it('a whole one with a branch has one output more, of the shape that the shallow one takes in', () => {
    for (const branch of branches) {
      const graph = graphOf(of, { part: 'whole', branch });
      const { name, type } = graph.output.find((output) => output.name === 'deep') ?? {};
      const input = graphOf(of, shallow(branch)).input.find((one) => one.name === name);
      expect(input?.type).toEqual(type);
      expect(graph.output).toHaveLength(2);
      expect(names(graph.node).filter((node) => node !== 'deep/Identity')).toEqual(names(whole.node));
    }
  });
});
