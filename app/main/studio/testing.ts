import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRouterClient } from '@orpc/server';
import { onTestFinished } from 'vitest';
import { noMerging } from '#contract/request.ts';
import type { StudioEvent } from '#contract/studio/events.ts';
import { createStudio, type Studio, type StudioOptions } from './studio.ts';

/** What the tests of the studio share: a real one, with the embedded model, in a folder of its own. */

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-studio-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

export type Client = ReturnType<typeof clientOf>;

export function clientOf(studio: Studio, trusted = false) {
  return createRouterClient(studio.router, { context: { trusted } });
}

export async function openStudio(options: Partial<StudioOptions> = {}) {
  const studio = await createStudio({ dataFolder: temporaryFolder(), host: 'browser', ...options });
  onTestFinished(() => studio.dispose());
  return { studio, client: clientOf(studio) };
}

export const small = {
  prompt: 'a red sun over blue mountains',
  negativePrompt: '',
  widthPx: 64,
  heightPx: 64,
  steps: 2,
  scheduler: 'euler' as const,
  guidanceScale: 3,
  seed: 1,
  count: 1,
  merging: { ...noMerging, ratio: 0.5 },
};

/** Hears from now on; `until` answers the first event that fits, heard or yet to come. */
export async function hear(client: Client) {
  const stop = new AbortController();
  const heard: StudioEvent[] = [];
  const waiting = new Set<() => void>();
  const stream = await client.events(undefined, { signal: stop.signal });
  const done = (async () => {
    for await (const event of stream) {
      heard.push(event);
      for (const wake of waiting) wake();
    }
  })();
  onTestFinished(async () => {
    stop.abort();
    await done.catch(() => undefined);
  });
  const until = async <T extends StudioEvent['type']>(
    type: T,
    fits: (event: Extract<StudioEvent, { type: T }>) => boolean = () => true,
  ): Promise<Extract<StudioEvent, { type: T }>> => {
    for (;;) {
      const found = heard.find(
        (event): event is Extract<StudioEvent, { type: T }> =>
          event.type === type && fits(event as Extract<StudioEvent, { type: T }>),
      );
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          waiting.delete(wake);
          resolve();
        };
        waiting.add(wake);
      });
    }
  };
  return { heard, until };
}
