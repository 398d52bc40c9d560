import { quick, tiny } from '../fixtures/client.ts';
import { MakeScreen } from '../fixtures/make-screen.ts';
import { QueueList } from '../fixtures/queue-list.ts';
import { expect, test } from '../fixtures/test.ts';

const prompts = ['a red sun', 'a golden sun', 'a white sun', 'night and sea'] as const;

test('pictures line up, change places, are cancelled one by one and all at once', async ({ studio }) => {
  await studio.prepare((client) => client.queue.pause());
  const page = await studio.open();
  const make = new MakeScreen(page);
  const queue = new QueueList(page);
  await make.setNumber('Steps', 4);
  for (const prompt of prompts) {
    await make.prompt.fill(prompt);
    await page.keyboard.press('Control+Enter');
  }
  await queue.open();
  await expect(queue.items).toContainText([...prompts]);
  await queue.item('night and sea').getByRole('button', { name: 'Sooner' }).click();
  await expect(queue.items).toContainText(['a red sun', 'a golden sun', 'night and sea', 'a white sun']);
  await queue.item('a red sun').getByRole('button', { name: 'Later' }).click();
  await expect(queue.items).toContainText(['a golden sun', 'a red sun', 'night and sea', 'a white sun']);
  await queue.item('a red sun').getByRole('button', { name: 'Cancel this picture' }).click();
  await expect(queue.items).toHaveCount(3);
  expect(studio.rows().map(({ request, state }) => [request.prompt, state])).toEqual([
    ['a red sun', 'cancelled'],
    ['a golden sun', 'queued'],
    ['a white sun', 'queued'],
    ['night and sea', 'queued'],
  ]);
  await queue.cancelAll.click();
  await expect(queue.items).toHaveCount(0);
  await expect(page.getByText(/^Nothing waits/)).toBeVisible();
  expect(studio.rows().every(({ state }) => state === 'cancelled')).toBe(true);
});

test('a pause lets the running picture end and begins nothing new', async ({ studio }) => {
  const page = await studio.open();
  const make = new MakeScreen(page);
  const queue = new QueueList(page);
  await make.prompt.fill('a red sun');
  await make.setSquare(128);
  await make.setNumber('Steps', 40);
  await make.setNumber('Pictures', 2);
  await make.make();
  await make.waitFor('running');
  await queue.open();
  await queue.pause.click();
  await expect(page.getByText(/^Paused: the picture being made is finished/)).toBeVisible();
  await expect(queue.items).toHaveCount(1, { timeout: 60_000 });
  expect(studio.rows().map(({ state }) => state)).toEqual(['done', 'queued']);
  await queue.pause.click();
  await expect(queue.items).toHaveCount(0, { timeout: 60_000 });
  const [first, second] = studio.rows();
  expect(first).toMatchObject({ state: 'done' });
  expect(second).toMatchObject({ state: 'done', request: { seed: (first?.request.seed ?? 0) + 1 } });
});

test('a count makes that many, each with its own seed', async ({ studio }) => {
  const page = await studio.open();
  const make = new MakeScreen(page);
  await make.prompt.fill('a red sun');
  await make.setNumber('Steps', 2);
  await make.setSquare(64);
  await make.setSeed(7);
  await make.setNumber('Pictures', 3);
  await expect(make.makeButton).toHaveText(/Make 3 pictures/);
  await make.make();
  await expect.poll(() => studio.rows().map(({ state }) => state)).toEqual(['done', 'done', 'done']);
  expect(studio.rows().map(({ request }) => request.seed)).toEqual([7, 8, 9]);
});

test('the queue goes on after the studio was stopped and started again @browser', async ({ studio }) => {
  await studio.prepare(async (client) => {
    const long = { ...quick, prompt: 'the long one', steps: 120 };
    await client.queue.submit({ modelId: 'demo', request: long });
    for (const prompt of prompts)
      await client.queue.submit({ modelId: 'demo', request: { ...tiny, prompt } });
  });
  const page = await studio.open();
  const queue = new QueueList(page);
  await expect.poll(() => studio.rows()[0]?.state).toBe('running');
  // All of the window has come: a part that is still on its way would be lost with the studio.
  await expect(page.getByTestId('strip')).toBeVisible({ timeout: 30_000 });
  studio.faults.expect(/WebSocket|ERR_CONNECTION/);
  await studio.server.stop();
  expect(studio.rows().map(({ state }) => state)).toEqual(Array(5).fill('queued'));
  await expect(page.getByTestId('connection-lost')).toBeVisible();
  await studio.server.start();
  await expect(page.getByTestId('connection-lost')).toBeHidden();
  await expect(queue.button).toHaveAccessibleName('Queue, 0 pictures', { timeout: 90_000 });
  expect(studio.rows().map(({ request, state, attempts }) => [request.prompt, state, attempts])).toEqual([
    ['the long one', 'done', 1],
    ...prompts.map((prompt) => [prompt, 'done', 1]),
  ]);
});
