import { packTessera } from '#contract/archive/archive.ts';
import { mergeMapsFrom, type MapsEvent } from '#contract/archive/merge-maps.ts';

/** Merge maps of the picture that is being made, packed only when a window asks. */
export interface LiveMaps {
  set(id: string, event: MapsEvent): void;
  has(id: string, call: number): boolean;
  read(id: string, call: number): Promise<Uint8Array | undefined>;
  /** The picture has come to its end: its maps go once the windows that were told of them had time to ask. */
  end(id: string): void;
}

/** A window asks at once; this is for one that is busy or far away. */
const defaultGraceMs = 10_000;

export function createLiveMaps(graceMs = defaultGraceMs): LiveMaps {
  type Calls = Map<number, MapsEvent>;
  const byId = new Map<string, Calls>();
  const ended = new WeakSet<Calls>();
  return {
    set: (id, event) => {
      const known = byId.get(id);
      // A picture that is made again begins anew.
      const calls = known === undefined || ended.has(known) ? new Map<number, MapsEvent>() : known;
      byId.set(id, calls.set(event.call, event));
    },
    has: (id, call) => byId.get(id)?.has(call) === true,
    read: async (id, call) => {
      const event = byId.get(id)?.get(call);
      return event === undefined
        ? undefined
        : await packTessera({ kind: 'maps', maps: mergeMapsFrom([event]) });
    },
    end: (id) => {
      const calls = byId.get(id);
      if (calls === undefined) return;
      ended.add(calls);
      setTimeout(() => {
        if (byId.get(id) === calls) byId.delete(id);
      }, graceMs).unref();
    },
  };
}
