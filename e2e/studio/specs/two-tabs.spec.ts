import { MakeScreen } from '../fixtures/make-screen.ts';
import { QueueList } from '../fixtures/queue-list.ts';
import { expect, test } from '../fixtures/test.ts';

test('two tabs see the same queue and the same pictures, as they happen @browser', async ({ studio }) => {
  const one = await studio.open();
  const two = await studio.open();
  const make = new MakeScreen(one);
  await make.prompt.fill('a red sun');
  await make.setSquare(128);
  await make.setNumber('Steps', 30);
  await make.setNumber('Pictures', 3);
  await make.make();
  const there = new QueueList(two);
  await expect(there.button).toHaveAccessibleName('Queue, 3 pictures');
  await there.open();
  await expect(two.getByRole('progressbar').first()).toBeVisible();
  await there.items.nth(2).getByRole('button', { name: 'Cancel this picture' }).click();
  await expect(new QueueList(one).button).toHaveAccessibleName('Queue, 2 pictures');
  await there.pause.click();
  const here = new QueueList(one);
  await here.open();
  await expect(here.pause).toHaveText(/Resume/);
  await here.pause.click();
  await expect(there.pause).toHaveText(/Pause/);
  await expect(here.items).toHaveCount(0, { timeout: 90_000 });
  await expect(there.items).toHaveCount(0);
  await here.close();
  await there.close();
  // Each follows what was made, and both show the same.
  const id = await make.waitFor('done');
  await expect(new MakeScreen(two).picture).toHaveAttribute('data-id', id);
  await one.getByTestId('favourite').click();
  await expect(two.getByTestId('favourite')).toHaveAttribute('aria-pressed', 'true');
  expect(studio.rows().map(({ state, favourite }) => [state, favourite])).toEqual([
    ['done', false],
    ['done', true],
    ['cancelled', false],
  ]);
});
