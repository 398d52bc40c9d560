import { createORPCClient } from '@orpc/client';
import { writable } from 'svelte/store';
import { noMerging } from '#contract/request.ts';
import { defaultSettings } from '#contract/studio/settings.ts';
import type { StudioEvent } from '#contract/studio/events.ts';
import type { Generation } from '#contract/studio/generation.ts';
import type { Bridge, Connection, StudioClient } from '../bridge.ts';

/** A studio that answers what a test tells it to, and remembers what it was asked. */
export function createFakeBridge(answers: Readonly<Record<string, (input: unknown) => unknown>> = {}) {
  const asked: { readonly path: string; readonly input: unknown }[] = [];
  let say: (event: StudioEvent) => void = () => undefined;
  const connection = writable<Connection>('open');

  async function* events(signal: AbortSignal | undefined): AsyncGenerator<StudioEvent> {
    const waiting: StudioEvent[] = [];
    let wake: () => void = () => undefined;
    say = (event) => {
      waiting.push(event);
      wake();
    };
    signal?.addEventListener('abort', () => {
      wake();
    });
    while (signal?.aborted !== true) {
      const next = waiting.shift();
      if (next !== undefined) yield next;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }

  const known: Record<string, (input: unknown) => unknown> = {
    info: () => ({ host: 'browser', notices: [] }),
    'settings.get': () => defaultSettings,
    'settings.update': () => defaultSettings,
    'models.list': () => ({ models: [], folders: [] }),
    'history.page': () => ({ items: [], total: 0, totalExact: true, nextCursor: null }),
    ...answers,
  };
  const client = createORPCClient<StudioClient>({
    call: async (path, input, options) => {
      const name = path.join('.');
      if (name === 'events') return events(options.signal);
      asked.push({ path: name, input });
      const answer = known[name];
      if (answer === undefined) throw new Error(`The test has no answer for ${name}.`);
      return await Promise.resolve(answer(input));
    },
  });
  const bridge: Bridge = {
    host: 'browser',
    client,
    connection,
    reconnect: () => undefined,
    mediaUrl: (path) => path,
    saveFile: () => Promise.resolve(true),
    openExternal: () => undefined,
  };
  return {
    bridge,
    asked,
    connection,
    say: (event: StudioEvent) => {
      say(event);
    },
  };
}

export function fakeGeneration(changes: Partial<Generation> = {}): Generation {
  return {
    id: '00000000-0000-4000-8000-000000000001',
    batchId: '00000000-0000-4000-8000-00000000000b',
    state: 'running',
    failure: null,
    attempts: 1,
    createdAt: 1,
    startedAt: 2,
    finishedAt: null,
    request: {
      prompt: 'a red sun',
      negativePrompt: '',
      widthPx: 256,
      heightPx: 256,
      steps: 20,
      scheduler: 'dpmpp_2m',
      guidanceScale: 3,
      seed: 7,
      count: 1,
      merging: noMerging,
    },
    model: { id: 'demo', name: 'Demo', hash: null },
    provider: null,
    merging: null,
    figures: null,
    memory: [],
    picture: null,
    hasMaps: false,
    quality: null,
    favourite: false,
    tags: [],
    notes: '',
    deletedAt: null,
    ...changes,
  };
}
