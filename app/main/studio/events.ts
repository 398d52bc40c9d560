import type { StudioEvent } from '#contract/studio/events.ts';

/** Told to every window. A slow one never holds the studio up: what is only for the moment is replaced by its successor. */
export interface EventHub {
  publish(event: StudioEvent): void;
  /** Begins with what `opening` says, and ends with the signal. */
  listen(signal?: AbortSignal): AsyncGenerator<StudioEvent, void, undefined>;
}

/** A window that sleeps for longer than this many events reads its lists again when it wakes. */
const maxWaiting = 500;
const fleeting: readonly StudioEvent['type'][] = [
  'progress',
  'preview',
  'queue',
  'settings',
  'next',
  'extra',
];

export function createEventHub(opening: () => readonly StudioEvent[]): EventHub {
  const listeners = new Set<(event: StudioEvent) => void>();
  return {
    publish: (event) => {
      for (const listener of listeners) listener(event);
    },
    async *listen(signal) {
      const waiting: StudioEvent[] = [...opening()];
      let wake: () => void = () => undefined;
      const hear = (event: StudioEvent): void => {
        enqueue(waiting, event);
        wake();
      };
      const end = (): void => {
        wake();
      };
      listeners.add(hear);
      signal?.addEventListener('abort', end, { once: true });
      try {
        while (signal?.aborted !== true) {
          const event = waiting.shift();
          if (event !== undefined) yield event;
          else
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
        }
      } finally {
        listeners.delete(hear);
        signal?.removeEventListener('abort', end);
      }
    },
  };
}

function enqueue(waiting: StudioEvent[], event: StudioEvent): void {
  if (fleeting.includes(event.type)) {
    const older = waiting.findIndex((each) => each.type === event.type);
    if (older >= 0) waiting.splice(older, 1);
  }
  waiting.push(event);
  if (waiting.length <= maxWaiting) return;
  const last = waiting.filter(({ type }) => fleeting.includes(type));
  waiting.splice(
    0,
    waiting.length,
    ...last,
    { type: 'history', ids: null },
    { type: 'models' },
    { type: 'presets' },
  );
}
