import { describe, expect, it } from 'vitest';
import { allNodes, layoutSource, parseModel } from '#tests/onnx-model.ts';
import { tinyUnetConfig } from '#tests/unet-config.ts';
import { expectedUnetTensors } from '../nets/tensors.ts';
import { buildUnet } from '../nets/unet.ts';
import { tomesdMatching, type MergeMode, type MergeModule } from './structure.ts';

const block = 'down_blocks.0.attentions.0';
const weights = layoutSource(expectedUnetTensors(tinyUnetConfig));

/** The operators of each tome scope of one block, in running order; what the block does inside is left out. */
function operatorsOf(mode: MergeMode, modules: readonly MergeModule[]): Record<string, string> {
  const { graph } = parseModel(
    buildUnet(tinyUnetConfig, weights, {
      ...{ mode, blocks: [block], modules },
      ...tomesdMatching,
    }),
  );
  const scopes: Record<string, string> = {};
  for (const { name, opType } of allNodes(graph)) {
    const scope = name.slice(block.length + 1, name.lastIndexOf('/'));
    if (!name.startsWith(`${block}/tome`) || /\/(attn1|attn2|ff)(\/|$)/.test(scope)) continue;
    scopes[scope] = scopes[scope] === undefined ? opType : `${scopes[scope]} ${opType}`;
  }
  return scopes;
}

const match =
  'LpNormalization Gather Gather Scan Reshape Transpose Reshape Reshape Transpose Reshape Add TopK Cast Slice Slice GatherElements GatherElements GatherElements';
/** What Scan runs for each part of the sources: see match.ts. */
const part =
  'FusedMatMul Reshape ReduceMax ArgMax GatherND ArgMax Mul Reshape Add Reshape GatherElements Reshape Cast Identity Identity';
const inverse = 'Add Reshape Reshape Concat Gather';
const outputs = (count: number) => Array<string>(count).fill('Identity').join(' ');

describe('the operators of a merging block', () => {
  it('match once, merge by gather and one scatter, unmerge by one gather', () => {
    expect(operatorsOf('merge', ['self'])).toEqual({
      tome: 'If',
      'tome/then': outputs(5),
      'tome/then/match': match,
      'tome/then/match/part': part,
      'tome/then/plan': 'Add Reshape Slice Cast ScatterND Add Slice Add Concat Reshape Div ScatterElements',
      'tome/then/plan/inverse': inverse,
      'tome/else': `Reshape ${outputs(5)}`,
      tome_self: 'If If',
      'tome_self/then': outputs(2),
      'tome_self/then/merge': 'Reshape Gather Cast Gather ScatterND Mul Gather Reshape Concat Reshape',
      'tome_self/then/unmerge': 'Gather Reshape',
      'tome_self/else': outputs(2),
    });
  });

  it('prune by gather alone, and put a row of zeros for what is gone', () => {
    expect(operatorsOf('prune', ['self'])).toEqual({
      tome: 'If',
      'tome/then': outputs(2),
      'tome/then/match': match,
      'tome/then/match/part': part,
      'tome/then/plan': 'Slice Add ScatterElements',
      'tome/then/plan/inverse': inverse,
      'tome/else': outputs(2),
      tome_self: 'If If',
      'tome_self/then': outputs(2),
      'tome_self/then/prune': 'Reshape Gather Gather Reshape Concat Reshape',
      'tome_self/then/unprune': 'Concat',
      'tome_self/then/unprune/unmerge': 'Gather Reshape',
      'tome_self/else': outputs(2),
    });
  });

  it('match once, however many parts of the block merge', () => {
    const all = operatorsOf('merge', ['self', 'cross', 'mlp']);
    expect(Object.keys(all).filter((scope) => scope.endsWith('/match'))).toEqual(['tome/then/match']);
    expect(all['tome_cross/then/unmerge']).toBe('Gather Reshape');
    expect(all['tome_mlp/then/unmerge']).toBe('Gather Reshape');
  });
});
