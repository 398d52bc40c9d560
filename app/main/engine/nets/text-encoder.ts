import { buildClipText, clipTextNames } from '#kernels/nets/clip-text.ts';
import type { ClipTextConfig } from '#kernels/nets/configs.ts';
import type { RuntimeOptions } from '../session.ts';
import { floatOutput, loadNet, sizeFeeds, type NetPart } from './net.ts';

export interface TextEncoder {
  /** Token ids [B, T], T = maxPositions → text states [B, T, C]. */
  run(ids: Int32Array, batch: number): Promise<Float32Array>;
  release(): Promise<void>;
}

export async function loadTextEncoder(
  part: NetPart<ClipTextConfig>,
  options: RuntimeOptions = {},
): Promise<TextEncoder> {
  const session = await loadNet(part, buildClipText, options);
  return {
    async run(ids, batch) {
      const feeds = {
        [clipTextNames.ids]: {
          data: BigInt64Array.from(ids, BigInt),
          shape: [batch, part.config.maxPositions],
        },
        ...sizeFeeds(session, batch, 1, 1),
      };
      return floatOutput(await session.run(feeds, [clipTextNames.hidden]), clipTextNames.hidden);
    },
    release: () => session.release(),
  };
}
