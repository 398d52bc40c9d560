import type { ClipTextConfig } from '#kernels/nets/configs.ts';
import type { ShapeReader } from './reader.ts';

/** Channels of a head in every CLIP text encoder of Stable Diffusion (ViT-L: 768 / 12, ViT-H: 1024 / 16). */
const HEAD_CHANNELS = 64;

/** Reads a text encoder's configuration from its shapes. OpenCLIP's files have one layer more than is used. */
export function textFromShapes(shapes: ShapeReader, family: 'sd1' | 'sd2'): ClipTextConfig {
  const tokens = 'text_model.embeddings.token_embedding.weight';
  const hiddenSize = shapes.dim(tokens, 1);
  if (hiddenSize % HEAD_CHANNELS !== 0) {
    throw shapes.unknowable(
      `it has ${hiddenSize} channels, which the usual ${HEAD_CHANNELS} channels a head do not divide`,
    );
  }
  return {
    vocabSize: shapes.dim(tokens, 0),
    hiddenSize,
    intermediateSize: shapes.dim('text_model.encoder.layers.0.mlp.fc1.weight', 0),
    layerCount: shapes.count(/^text_model\.encoder\.layers\.(\d+)\.mlp\.fc1\.weight$/),
    headCount: hiddenSize / HEAD_CHANNELS,
    maxPositions: shapes.dim('text_model.embeddings.position_embedding.weight', 0),
    activation: family === 'sd1' ? 'quick_gelu' : 'gelu',
    layerNormEps: 1e-5,
    outputLayer: family === 'sd1' ? 'last' : 'penultimate',
  };
}
