import { renamePrefix, whole, type Piece, type Rename } from './pieces.ts';

/** SD 1.x carries transformers' CLIPTextModel, SD 2.x OpenCLIP's text tower (mlfoundations/open_clip v2.32.0, src/open_clip/transformer.py). */

export const CLIP_PREFIX = 'cond_stage_model.transformer.';
export const OPEN_CLIP_PREFIX = 'cond_stage_model.model.';

/** Early merging tools dropped the "text_model." of SD 1.x names. */
export const clipTextRename: Rename = (original) =>
  whole(/^(embeddings|encoder|final_layer_norm)\./.test(original) ? `text_model.${original}` : original);

const outer = [
  ['ln_final.', 'text_model.final_layer_norm.'],
  ['token_embedding.', 'text_model.embeddings.token_embedding.'],
] as const;

const layer = [
  ['ln_1.', 'layer_norm1.'],
  ['ln_2.', 'layer_norm2.'],
  ['mlp.c_fc.', 'mlp.fc1.'],
  ['mlp.c_proj.', 'mlp.fc2.'],
  ['attn.out_proj.', 'self_attn.out_proj.'],
] as const;

export const openClipRename: Rename = (original) => {
  if (original === 'positional_embedding') return whole('text_model.embeddings.position_embedding.weight');
  const direct = renamePrefix(original, outer);
  if (direct !== undefined) return whole(direct);
  const block = /^transformer\.resblocks\.(\d{1,4})\.(.+)$/.exec(original);
  if (block === null) return [];
  const [, index, rest = ''] = block;
  const to = `text_model.encoder.layers.${Number(index)}`;
  const fused = /^attn\.in_proj_(weight|bias)$/.exec(rest)?.[1];
  if (fused !== undefined) return fusedPieces(`${to}.self_attn`, fused);
  const inner = renamePrefix(rest, layer);
  return whole(inner === undefined ? undefined : `${to}.${inner}`);
};

function fusedPieces(attention: string, tensor: string): readonly Piece[] {
  return [
    { name: `${attention}.q_proj.${tensor}`, third: 0 },
    { name: `${attention}.k_proj.${tensor}`, third: 1 },
    { name: `${attention}.v_proj.${tensor}`, third: 2 },
  ];
}
