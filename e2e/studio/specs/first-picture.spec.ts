import { MakeScreen } from '../fixtures/make-screen.ts';
import { expect, test } from '../fixtures/test.ts';

test('a newcomer presses an example and sees a picture', async ({ studio }) => {
  const page = await studio.open();
  const make = new MakeScreen(page);
  await expect(page.getByText('Your first picture is one press away')).toBeVisible();
  await make.setNumber('Steps', 4);
  const [example] = await page.getByTestId('example').all();
  const prompt = (await example?.innerText()) ?? '';
  await example?.click();
  await make.waitFor('done');
  await make.expectVisible(256, 256);
  await expect(make.prompt).toHaveValue(prompt);
  expect(studio.row()).toMatchObject({
    state: 'done',
    attempts: 1,
    request: { prompt, steps: 4, widthPx: 256, heightPx: 256, count: 1 },
  });
});

test('the next start shows the last picture and the form as it was left', async ({ studio }) => {
  const page = await studio.open();
  const make = new MakeScreen(page);
  await make.prompt.fill('night, green mountains above the desert');
  await make.setNumber('Steps', 4);
  await page.keyboard.press('Control+Enter');
  const id = await make.waitFor('done');
  await make.prompt.fill('a white sun over the sea, not made yet');
  const again = await studio.reopen(page);
  const remade = new MakeScreen(again);
  await expect(remade.picture).toHaveAttribute('data-id', id);
  await remade.expectVisible(256, 256);
  await expect(remade.prompt).toHaveValue('a white sun over the sea, not made yet');
  await expect(again.getByRole('spinbutton', { name: 'Steps' })).toHaveValue('4');
});
