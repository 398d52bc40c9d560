/** `down_blocks.0.attentions.1` → where it stands in the U-Net. */
export interface BlockPlace {
  readonly section: 'down' | 'mid' | 'up';
  readonly level: number;
  readonly index: number;
}

export function placeOf(block: string): BlockPlace {
  const match = /^(down|up|mid)_block(?:s\.(\d+))?\.attentions\.(\d+)/.exec(block);
  const section = match?.[1] === 'up' ? 'up' : match?.[1] === 'mid' ? 'mid' : 'down';
  return { section, level: Number(match?.[2] ?? 0), index: Number(match?.[3] ?? 0) };
}

/** Short enough for a bar: ↓1.2, mid, ↑3.1. */
export function shortName(block: string): string {
  const { section, level, index } = placeOf(block);
  if (section === 'mid') return 'mid';
  return `${section === 'down' ? '↓' : '↑'}${level + 1}.${index + 1}`;
}
