import { MakeScreen } from '../fixtures/make-screen.ts';
import { expect, test } from '../fixtures/test.ts';

test('the language is switched without losing anything, and is kept', async ({ studio }) => {
  const page = await studio.open();
  const make = new MakeScreen(page);
  await make.prompt.fill('a red sun over blue mountains');
  await page.getByTestId('rail-settings').click();
  await page.getByRole('radio', { name: '한국어' }).check();
  await expect(page.locator('html')).toHaveAttribute('lang', 'ko');
  await expect(page.getByRole('heading', { level: 2 })).toHaveText('설정');
  await page.getByTestId('rail-make').click();
  await expect(page.getByTestId('prompt')).toHaveValue('a red sun over blue mountains');
  await expect(page.getByTestId('make-button')).toHaveText(/만들기/);
  await expect(page.getByTestId('make-button')).not.toHaveText(/Make/);
  const again = await studio.reopen(page);
  await expect(again.locator('html')).toHaveAttribute('lang', 'ko');
  await again.getByTestId('rail-settings').click();
  await again.getByRole('radio', { name: 'English' }).check();
  await expect(again.getByRole('heading', { level: 2 })).toHaveText('Settings');
});

test('no text on any screen is left in English when Korean is chosen', async ({ studio }) => {
  await studio.prepare((client) => client.settings.update({ language: 'ko' }));
  const page = await studio.open();
  // Names, figures and keys are the same in both languages; sentences are not.
  const english = /\b(the|this|with|your|picture|pictures|token|tokens|of|and|not|is|are)\b/i;
  const allowed = /^(Tessera demo|a red|a golden|a white|night,)/;
  for (const screen of await page.getByRole('navigation').getByRole('button').all()) {
    await screen.click();
    const name = (await screen.getAttribute('data-testid')) ?? '';
    if (!name.startsWith('rail-')) {
      await page.keyboard.press('Escape');
      continue;
    }
    await page.getByTestId(name.replace('rail-', 'screen-')).waitFor();
    const texts = await page
      .locator('main :not(script)')
      .evaluateAll((elements) =>
        elements.flatMap((element) =>
          element.closest('[lang="en"]') !== null
            ? []
            : [...element.childNodes]
                .filter((node) => node.nodeType === Node.TEXT_NODE)
                .map((node) => (node.textContent ?? '').trim()),
        ),
      );
    const found = texts.filter((text) => english.test(text) && !allowed.test(text));
    expect.soft(found, name).toEqual([]);
  }
});
