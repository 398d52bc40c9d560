import { packTessera } from '#contract/archive/archive.ts';
import { mergeMapsFrom, type MapsEvent } from '#contract/archive/merge-maps.ts';

/** Merge maps of the picture that is being made, packed only when a window asks. */
export interface LiveMaps {
  set(id: string, event: MapsEvent): void;
  has(id: string, call: number): boolean;
  read(id: string, call: number): Promise<Uint8Array | undefined>;
  clear(id: string): void;
}

export function createLiveMaps(): LiveMaps {
  const byId = new Map<string, Map<number, MapsEvent>>();
  return {
    set: (id, event) => {
      const calls = byId.get(id) ?? new Map<number, MapsEvent>();
      byId.set(id, calls.set(event.call, event));
    },
    has: (id, call) => byId.get(id)?.has(call) === true,
    read: async (id, call) => {
      const event = byId.get(id)?.get(call);
      return event === undefined
        ? undefined
        : await packTessera({ kind: 'maps', maps: mergeMapsFrom([event]) });
    },
    clear: (id) => void byId.delete(id),
  };
}
