import { GraphBuilder, type Value } from '../graph/builder.ts';
import { gather } from '../graph/ops/index.ts';
import { add, cast, gelu, quickGelu } from '../graph/ops/math.ts';
import { reshape } from '../graph/ops/shape.ts';
import { attention, clipProjections } from '../nn/attention.ts';
import { linear, weight } from '../nn/linear.ts';
import { layerNormOf } from '../nn/norm.ts';
import type { WeightSource } from '../onnx/weights.ts';
import type { ClipTextConfig } from './configs.ts';

export const clipTextNames = { ids: 'ids', hidden: 'hidden' } as const;

/**
 * CLIP's text encoder: token ids → the states that the U-Net attends to.
 * Source: Radford et al. 2021, arXiv 2103.00020; transformers CLIPTextModel.
 * Inputs: ids int64 [B, T], T = maxPositions. Output: hidden [B, T, C] f32, after the final norm.
 */
export function buildClipText(config: ClipTextConfig, weights: WeightSource): Uint8Array {
  const g = new GraphBuilder(weights);
  emitClipText(g, config);
  return g.build('clip-text');
}

export function emitClipText(g: GraphBuilder, config: ClipTextConfig): void {
  const { hiddenSize: c, maxPositions: t } = config;
  const ids = g.input(clipTextNames.ids, 'i64', ['batch', t]);
  let x = g.scope('embeddings', () => {
    // Rows are picked before they are widened: the table is large, a prompt is short.
    const table = g.weight('text_model.embeddings.token_embedding.weight', [config.vocabSize, c]);
    const tokens = cast(g, gather(g, table, ids), 'f32');
    const placed = add(g, tokens, weight(g, 'text_model.embeddings.position_embedding.weight', [t, c]));
    return reshape(g, placed, [-1, c], ['rows', c]);
  });
  const used = config.outputLayer === 'penultimate' ? config.layerCount - 1 : config.layerCount;
  for (let i = 0; i < used; i++) x = encoderLayer(g, x, `text_model.encoder.layers.${i}`, config);
  const hidden = layerNormOf(g, x, 'text_model.final_layer_norm', config.layerNormEps);
  g.output(clipTextNames.hidden, reshape(g, hidden, [-1, t, c], ['batch', t, c]));
}

function encoderLayer(g: GraphBuilder, input: Value, name: string, config: ClipTextConfig): Value {
  const act = config.activation === 'quick_gelu' ? quickGelu : gelu;
  return g.scope(name, () => {
    const normal = layerNormOf(g, input, `${name}.layer_norm1`, config.layerNormEps);
    const mixed = attention(g, normal, normal, `${name}.self_attn`, {
      headCount: config.headCount,
      names: clipProjections,
      projectionBias: true,
      causal: true,
    });
    const x = add(g, input, mixed);
    const hidden = linear(
      g,
      layerNormOf(g, x, `${name}.layer_norm2`, config.layerNormEps),
      `${name}.mlp.fc1`,
      config.intermediateSize,
    );
    return add(g, x, linear(g, act(g, hidden), `${name}.mlp.fc2`, config.hiddenSize));
  });
}
