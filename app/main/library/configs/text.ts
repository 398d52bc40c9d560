import type { ClipTextConfig } from '#kernels/nets/configs.ts';
import type { JsonObject } from '../files.ts';
import { Fields, limits } from './fields.ts';

/**
 * transformers' CLIPTextConfig → ours. The last hidden state is used, as diffusers does: an SD 2.x folder already
 * leaves the unused layer out. Defaults: transformers v4.56.2, models/clip/configuration_clip.py.
 */
export function parseTextConfig(path: string, values: JsonObject): ClipTextConfig {
  const fields = new Fields(path, values);
  fields.supports('model_type', 'clip_text_model');
  const config: ClipTextConfig = {
    vocabSize: fields.integer('vocab_size', limits.vocabulary, 49_408),
    hiddenSize: fields.integer('hidden_size', limits.channels),
    intermediateSize: fields.integer('intermediate_size', limits.channels),
    layerCount: fields.integer('num_hidden_layers', limits.layers),
    headCount: fields.integer('num_attention_heads', limits.heads),
    maxPositions: fields.integer('max_position_embeddings', limits.positions, 77),
    activation: fields.oneOf('hidden_act', ['quick_gelu', 'gelu'], 'quick_gelu') ?? 'quick_gelu',
    layerNormEps: fields.number('layer_norm_eps', limits.epsilon, 1e-5),
    outputLayer: 'last',
  };
  if (config.hiddenSize % config.headCount !== 0) {
    fields.note(
      `"hidden_size" is ${config.hiddenSize}, which ${config.headCount} attention heads do not divide`,
    );
  }
  fields.finish();
  return config;
}
