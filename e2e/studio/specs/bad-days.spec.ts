import { quick, tiny } from '../fixtures/client.ts';
import { pictureFiles } from '../fixtures/files.ts';
import { MakeScreen } from '../fixtures/make-screen.ts';
import { QueueList } from '../fixtures/queue-list.ts';
import { expect, test } from '../fixtures/test.ts';

const longOne = { ...quick, steps: 400 };

test('the engine killed in the middle: a clear failure, and the next picture works @browser', async ({
  studio,
}) => {
  const page = await studio.open();
  const make = new MakeScreen(page);
  await make.prompt.fill('a red sun over blue mountains');
  await make.setNumber('Steps', 400);
  await make.make();
  await expect(page.getByText(/^Step [1-9]\d* of 400$/)).toBeVisible({ timeout: 60_000 });
  process.kill(studio.server.enginePid(), 'SIGKILL');
  const id = await make.waitFor('failed');
  const note = page.getByRole('alert').filter({ hasText: 'This picture could not be made' });
  await expect(note).toContainText(/engine/i);
  await expect(note).toContainText(/SIGKILL|killed/i);
  expect(studio.row()).toMatchObject({ state: 'failed', failureCode: 'ENGINE_DIED', pictureFile: null });
  await make.setNumber('Steps', 4);
  await make.make();
  await make.waitFor('done', id);
  await make.expectVisible(256, 256);
});

test('the studio killed in the middle: no row is lost, nothing half made counts, the queue goes on @browser', async ({
  studio,
}) => {
  await studio.prepare(async (client) => {
    await client.queue.submit({ modelId: 'demo', request: longOne });
    for (const prompt of ['a golden sun', 'a white sun'])
      await client.queue.submit({ modelId: 'demo', request: { ...tiny, prompt } });
  });
  const page = await studio.open();
  await expect(page.getByText(/^Step [1-9]\d* of 400$/)).toBeVisible({ timeout: 60_000 });
  studio.faults.expect(/WebSocket|ERR_CONNECTION/);
  const engine = studio.server.enginePid();
  await studio.server.stop('SIGKILL');
  await expect(page.getByTestId('connection-lost')).toBeVisible();
  expect(studio.rows().map(({ state }) => state)).toEqual(['running', 'queued', 'queued']);
  // An engine without its studio ends by itself.
  await expect.poll(() => isAlive(engine)).toBe(false);
  await studio.server.start();
  await expect(page.getByTestId('connection-lost')).toBeHidden();
  await expect(page.getByText(/^Step [1-9]\d* of 400$/)).toBeVisible({ timeout: 60_000 });
  expect(studio.rows()[0]).toMatchObject({ state: 'running', attempts: 2, pictureFile: null });
  await page.getByTestId('cancel-running').click();
  await expect(new QueueList(page).button).toHaveAccessibleName('Queue, 0 pictures', { timeout: 60_000 });
  expect(studio.rows().map(({ state }) => state)).toEqual(['cancelled', 'done', 'done']);
  const files = pictureFiles(studio.home);
  expect(files).toHaveLength(2);
  expect(files.every((name) => name.endsWith('.png'))).toBe(true);
});

test('a connection that is lost comes back, and what was typed meanwhile is kept @browser', async ({
  studio,
}) => {
  const page = await studio.open();
  const make = new MakeScreen(page);
  studio.faults.expect(/WebSocket|ERR_CONNECTION/);
  await studio.server.stop();
  const banner = page.getByTestId('connection-lost');
  await expect(banner).toContainText('Nothing is lost');
  await make.prompt.fill('typed while nobody listened');
  await studio.server.start();
  await banner.getByRole('button', { name: 'Reconnect now' }).click();
  await expect(banner).toBeHidden();
  await expect(make.prompt).toHaveValue('typed while nobody listened');
  await make.setNumber('Steps', 4);
  await make.make();
  await make.waitFor('done');
  expect(studio.row().request.prompt).toBe('typed while nobody listened');
});

test('a prompt of 100,000 characters is kept whole', async ({ studio }) => {
  const page = await studio.open();
  const make = new MakeScreen(page);
  const prompt = 'a red sun over blue mountains, '.repeat(3300).slice(0, 100_000);
  await make.prompt.fill(prompt);
  await make.setSquare(64);
  await make.setNumber('Steps', 1);
  await make.make();
  await make.waitFor('done');
  expect(studio.row().request.prompt).toBe(prompt);
  await expect(make.prompt).toHaveValue(prompt);
});

test('a page of another origin reaches nothing @browser', async ({ studio, browser }) => {
  await studio.open();
  const { address } = studio.server;
  const stranger = await (await browser.newContext()).newPage();
  await stranger.route('http://stranger.test/', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>stranger</title>' }),
  );
  await stranger.goto('http://stranger.test/');
  const reached = await stranger.evaluate(async (home) => {
    const socket = new WebSocket(new URL('rpc', home.replace('http', 'ws')));
    const opened = await new Promise((resolve) => {
      socket.onopen = () => {
        resolve('opened');
      };
      socket.onerror = () => {
        resolve('refused');
      };
    });
    const read = await fetch(home).then(
      () => 'read',
      () => 'refused',
    );
    const written = await fetch(new URL('models/x.safetensors', home), { method: 'PUT', body: 'x' }).then(
      () => 'written',
      () => 'refused',
    );
    // Without CORS the answer cannot be read, but the request itself would arrive.
    await fetch(new URL('models/x.safetensors', home), { method: 'POST', body: 'x', mode: 'no-cors' }).catch(
      () => undefined,
    );
    return { opened, read, written };
  }, address);
  expect(reached).toEqual({ opened: 'refused', read: 'refused', written: 'refused' });
  const frame = await stranger.evaluate(
    (home) =>
      new Promise<string>((resolve) => {
        const element = document.createElement('iframe');
        element.src = home;
        element.onload = () => {
          resolve(element.contentDocument === null ? 'closed' : 'open');
        };
        document.body.append(element);
      }),
    address,
  );
  expect(frame).toBe('closed');
  expect(stranger.frames().map((each) => each.url())).not.toContain(address);
  expect(studio.rows()).toEqual([]);
  await stranger.context().close();
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
