import { once } from 'node:events';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import type { ContractRouterClient } from '@orpc/contract';
import type { Browser, Page } from '@playwright/test';
import type { StudioContract } from '#contract/studio/api.ts';
import type { StudioEvent } from '#contract/studio/events.ts';
import { startMeasuredServer } from './server-process.ts';
import { makeTemporaryFolder } from './temporary-home.ts';

export interface Latency {
  /** From pressing the button to the end of the first step, the model being loaded. */
  readonly firstStepMs: readonly number[];
  /** From the end of a picture to the start of the next one of the queue. */
  readonly betweenMs: readonly number[];
  /** Merging ratio of the studio's own settings, with which they were taken. */
  readonly ratio: number;
}

interface Heard {
  /** Since the epoch, as the page's own clock tells too. */
  readonly atMs: number;
  readonly event: StudioEvent;
}

/** Presses the studio's button twice, round after round, and hears from the events when steps end and pictures start. */
export async function measureLatency(browser: Browser, rounds: number): Promise<Latency> {
  const home = makeTemporaryFolder();
  const server = await startMeasuredServer(home.path);
  const ear = await listen(server.address);
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  try {
    await page.addInitScript({ content: pressObserver });
    await page.goto(server.address);
    await page.locator('[data-testid="make-button"]:enabled').waitFor();
    await page.getByTestId('prompt').fill('a red sun over blue mountains');
    const found = { firstStepMs: [] as number[], betweenMs: [] as number[] };
    let ratio = 0;
    for (let round = 0; round <= rounds; round++) {
      const from = ear.heard.length;
      const pressedMs = await pressTwice(page);
      await ear.until((heard) => finishedIn(heard.slice(from)).length === 2);
      const heard = ear.heard.slice(from);
      const [first] = finishedIn(heard);
      if (first?.event.type === 'finished') ratio = first.event.generation.request.merging.ratio;
      // The first round loads the model.
      if (round === 0) continue;
      const stepMs = heard.find(({ event }) => event.type === 'progress' && event.call === 1)?.atMs ?? NaN;
      const starts = heard.filter(({ event }) => event.type === 'started');
      found.firstStepMs.push(stepMs - pressedMs);
      found.betweenMs.push((starts[1]?.atMs ?? NaN) - (first?.atMs ?? NaN));
    }
    return { ...found, ratio };
  } finally {
    ear.close();
    await page.close();
    await server.stop();
    home.remove();
  }
}

/** Gives the time of the first press. */
async function pressTwice(page: Page): Promise<number> {
  await page.getByTestId('make-button').click();
  const pressed = await page.evaluate(() => (globalThis as { pressedMs?: number }).pressedMs ?? NaN);
  await page.getByTestId('make-button').click();
  return pressed;
}

/** As text, for it runs in the page. */
const pressObserver = `
  document.addEventListener('click', (event) => {
    window.pressedMs = performance.timeOrigin + event.timeStamp;
  }, true);
`;

function finishedIn(heard: readonly Heard[]): Heard[] {
  return heard.filter(({ event }) => event.type === 'finished');
}

interface Ear {
  readonly heard: readonly Heard[];
  until(isTrue: (heard: readonly Heard[]) => boolean): Promise<void>;
  close(): void;
}

async function listen(address: string): Promise<Ear> {
  const socketAddress = new URL('rpc', address);
  socketAddress.protocol = 'ws:';
  const socket = new WebSocket(socketAddress, { headers: { origin: new URL(address).origin } });
  await once(socket, 'open');
  const client = createORPCClient<ContractRouterClient<StudioContract>>(new RPCLink({ websocket: socket }));
  const heard: Heard[] = [];
  const waiting = new Set<() => void>();
  const events = await client.events();
  const ended = (async () => {
    for await (const event of events) {
      heard.push({ atMs: performance.timeOrigin + performance.now(), event });
      for (const wake of waiting) wake();
    }
  })();
  return {
    heard,
    async until(isTrue) {
      while (!isTrue(heard)) {
        const next = Promise.withResolvers<undefined>();
        const wake = () => {
          next.resolve(undefined);
        };
        waiting.add(wake);
        await Promise.race([
          next.promise,
          ended.then(() => Promise.reject(new Error('The studio stopped telling.'))),
        ]);
        waiting.delete(wake);
      }
    },
    close() {
      socket.close();
    },
  };
}
