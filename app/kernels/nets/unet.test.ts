import { describe, expect, it } from 'vitest';
import { parseUnetConfig } from '#library/configs/unet.ts';
import { allNodes, externalData, layoutSource, parseModel } from '#tests/onnx-model.ts';
import { readLayout } from '#tests/real-layouts.ts';
import { tinyUnetConfig } from '#tests/unet-config.ts';
import { KernelError } from '../errors.ts';
import { tomesdMatching, type MergeStructure } from '../tome/structure.ts';
import { expectedUnetTensors } from './tensors.ts';
import { buildUnet } from './unet.ts';
import { attentionBlocks } from './unet-blocks.ts';

const tiny = layoutSource(expectedUnetTensors(tinyUnetConfig));
const firstBlock = 'down_blocks.0.attentions.0';
const inFirst: MergeStructure = { mode: 'merge', blocks: [firstBlock], modules: ['self'], ...tomesdMatching };

const graphOf = (structure: MergeStructure | null) =>
  parseModel(buildUnet(tinyUnetConfig, tiny, structure)).graph;

describe('the graph of SD 1.5', () => {
  it('stays small with everything merging: weights are ranges of their file, none is copied', async () => {
    const { config: json, tensors } = await readLayout('sd15', 'unet');
    const config = parseUnetConfig('unet', json);
    const source = layoutSource(Object.entries(tensors), 'sd15.safetensors');
    const blocks = attentionBlocks(config).map(({ name }) => name);
    const everything: MergeStructure = {
      mode: 'merge',
      blocks,
      modules: ['self', 'cross', 'mlp'],
      ...tomesdMatching,
    };
    const bytes = buildUnet(config, source, everything);
    expect(bytes.length).toBeLessThan(2e6);
    const { initializer } = parseModel(bytes).graph;
    for (const name of Object.keys(tensors)) {
      const range = source.get(name);
      const parts = initializer.filter((one) => one.name === name || one.name.startsWith(`${name}[`));
      expect(parts.length, name).toBeGreaterThan(0);
      const data = parts.map(externalData).sort((a, b) => Number(a['offset']) - Number(b['offset']));
      expect(data.every(({ location }) => location === 'sd15.safetensors')).toBe(true);
      expect(Number(data[0]?.['offset']), name).toBe(range?.offsetBytes);
      expect(
        data.reduce((sum, { length }) => sum + Number(length), 0),
        name,
      ).toBe(range?.sizeBytes);
    }
    expect(initializer.every(({ rawData }) => rawData.length === 0)).toBe(true);
  });
});

describe('names of nodes', () => {
  it('are unique and the same for the same configuration', () => {
    const one = buildUnet(tinyUnetConfig, tiny, inFirst);
    expect(buildUnet(tinyUnetConfig, tiny, inFirst)).toEqual(one);
    const names = allNodes(parseModel(one).graph).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('start with the block that they belong to', () => {
    const inBlock = graphOf(null).node.filter(({ name }) => name.startsWith(`${firstBlock}/`));
    const operators = inBlock.map(({ opType }) => opType);
    expect(operators.filter((op) => op === 'MultiHeadAttention')).toHaveLength(2);
    expect(operators.filter((op) => op === 'LayerNormalization')).toHaveLength(3);
  });
});

describe('merging in the graph', () => {
  it('adds only nodes of tome scopes, in the blocks named', () => {
    const tome = allNodes(graphOf(inFirst)).filter(({ name }) => /\/tome(_|\/)/.test(name));
    expect(tome.length).toBeGreaterThan(20);
    expect(tome.every(({ name }) => name.startsWith(`${firstBlock}/`))).toBe(true);
    expect(allNodes(graphOf(null)).some(({ name }) => name.includes('tome'))).toBe(false);
  });

  it('declares inputs for the levels that merge, and a map for each block', () => {
    const plain = graphOf(null).input.map(({ name }) => name);
    const merging = graphOf(inFirst);
    const added = merging.input.map(({ name }) => name).filter((name) => !plain.includes(name));
    expect(added.filter((name) => !name.startsWith('level0/tome/'))).toEqual(['batch/parts']);
    expect(added).toContain('level0/tome/active');
    expect(merging.output.map(({ name }) => name)).toEqual([`map/${firstBlock}`, 'output']);
  });

  it('reads the same weights', () => {
    const weights = (structure: MergeStructure | null) =>
      graphOf(structure)
        .initializer.filter(({ externalData }) => externalData.length > 0)
        .map(({ name }) => name)
        .sort();
    expect(weights(inFirst)).toEqual(weights(null));
  });

  it('refuses blocks that the net does not have', () => {
    const unknown: MergeStructure = { ...inFirst, blocks: [firstBlock, 'up_blocks.0.attentions.0'] };
    expect(() => buildUnet(tinyUnetConfig, tiny, unknown)).toThrow(KernelError);
    expect(() => buildUnet(tinyUnetConfig, tiny, unknown)).toThrow(
      /^No attention block is called up_blocks\.0\.attentions\.0; this U-Net has down_blocks\.0\.attentions\.0, /,
    );
  });
});
