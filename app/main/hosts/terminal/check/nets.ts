import { loadTextEncoder } from '#engine/nets/text-encoder.ts';
import type { TextEncoder } from '#engine/nets/text-encoder.ts';
import { loadUnet } from '#engine/nets/unet.ts';
import type { Unet } from '#engine/nets/unet.ts';
import { loadVaeDecoder, loadVaeEncoder } from '#engine/nets/vae.ts';
import type { VaeDecoder, VaeEncoder } from '#engine/nets/vae.ts';
import { wholeUnet } from '#kernels/nets/unet-extent.ts';
import type { UnetExtent } from '#kernels/nets/unet-extent.ts';
import { mergeStructure } from '#kernels/tome/plan.ts';
import type { MergeSettings } from '#kernels/tome/settings.ts';
import type { Checkpoint } from '#library/checkpoint.ts';
import { once } from './cases.ts';
import type { parseIoName } from './io-names.ts';
import { optionsFor, toleranceOf, type CheckRuntime } from './runtime.ts';

/** The nets of one checkpoint, each loaded when first asked for. */
export interface LazyNets {
  /** How far from the golden numbers they may be. */
  readonly tolerance: (of: ReturnType<typeof parseIoName>) => number;
  readonly checkpoint: () => Promise<Checkpoint>;
  readonly textEncoder: () => Promise<TextEncoder>;
  readonly vaeDecoder: () => Promise<VaeDecoder>;
  readonly vaeEncoder: () => Promise<VaeEncoder>;
  /** U-Nets of one extent that merge in the same places are one. */
  readonly unet: (merging: MergeSettings | null, extent?: UnetExtent) => Promise<Unet>;
  readonly close: () => Promise<void>;
}

export function createLazyNets(open: () => Promise<Checkpoint>, runtime: CheckRuntime): LazyNets {
  const loaded: Promise<{ release(): Promise<void> }>[] = [];
  const tracked = <T extends { release(): Promise<void> }>(load: (of: Checkpoint) => Promise<T>) =>
    once(() => {
      const net = checkpoint().then(load);
      loaded.push(net);
      return net;
    });
  const checkpoint = once(open);
  const unets = new Map<string, () => Promise<Unet>>();
  return {
    tolerance: (of) => toleranceOf(runtime, of),
    checkpoint,
    textEncoder: tracked((of) => loadTextEncoder(of.textEncoder, optionsFor('text', runtime))),
    vaeDecoder: tracked((of) => loadVaeDecoder(of.vae, optionsFor('vae', runtime))),
    vaeEncoder: tracked((of) => loadVaeEncoder(of.vae, optionsFor('vae', runtime))),
    async unet(merging, extent = wholeUnet) {
      const { unet } = await checkpoint();
      const structure = merging === null ? null : mergeStructure(unet.config, merging);
      const key = JSON.stringify([structure, extent]);
      const load =
        unets.get(key) ?? tracked(() => loadUnet(unet, structure, optionsFor('unet', runtime), extent));
      unets.set(key, load);
      return load();
    },
    async close() {
      for (const net of await Promise.allSettled(loaded)) {
        // One that failed to load has made its cases fail already, and holds nothing.
        if (net.status === 'fulfilled') await net.value.release();
      }
    },
  };
}
