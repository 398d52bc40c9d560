import { MakeScreen } from '../fixtures/make-screen.ts';
import { tabTo } from '../fixtures/keys.ts';
import { expect, test } from '../fixtures/test.ts';

test('a whole picture and a look at its merged tokens without a mouse', async ({ studio }) => {
  const page = await studio.open();
  const make = new MakeScreen(page);
  await tabTo(page, make.prompt);
  await page.keyboard.type('a red sun over blue mountains');
  // The weight of the last word.
  await page.keyboard.press('Control+ArrowUp');
  await expect(make.prompt).toHaveValue('a red sun over blue (mountains:1.1)');
  await page.keyboard.press('Control+z');
  await expect(make.prompt).toHaveValue('a red sun over blue mountains');
  await tabTo(page, page.getByRole('radio', { name: /^Exact/ }));
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('radio', { name: /^Balanced/ })).toBeChecked();
  await tabTo(page, make.ratio);
  await page.keyboard.press('ArrowRight');
  await expect(make.ratio).toHaveAttribute('aria-valuenow', '0.55');
  for (const name of ['Width', 'Height', 'Steps']) {
    await tabTo(page, page.getByRole('spinbutton', { name }));
    await page.keyboard.press('Control+a');
    await page.keyboard.type(name === 'Steps' ? '4' : '128');
  }
  await tabTo(page, page.getByTestId('advanced'));
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('advanced-back')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('advanced')).toBeFocused();
  await page.keyboard.press('Control+Enter');
  await make.waitFor('done');
  expect(studio.row().request).toMatchObject({ steps: 4, widthPx: 128, merging: { ratio: 0.55 } });
  await page.keyboard.press('f');
  await expect(page.getByTestId('favourite')).toHaveAttribute('aria-pressed', 'true');
  await tabTo(page, page.getByTestId('rail-look'));
  await page.keyboard.press('Enter');
  const canvas = page.getByTestId('overlay-canvas');
  await expect(canvas).toBeVisible();
  await expect(canvas).toHaveAttribute('data-mode', 'groups');
  await page.keyboard.press('2');
  await expect(canvas).toHaveAttribute('data-mode', 'heat');
  const first = await canvas.getAttribute('data-step');
  await page.keyboard.press(first === '0' ? ']' : '[');
  await expect(canvas).not.toHaveAttribute('data-step', first ?? '');
  await tabTo(page, page.getByRole('application'));
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('status').filter({ hasText: /^Token/ })).toBeVisible();
});

test('every control of the make screen is reached and shows that it is', async ({ studio }) => {
  const page = await studio.open();
  const reached: string[] = [];
  for (let i = 0; i < 150; i++) {
    await page.keyboard.press('Tab');
    const now = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === null || element === document.body) return undefined;
      const box = element.getBoundingClientRect();
      // A radio that is drawn by its label shows its focus there.
      const shown = [element, element.parentElement, element.nextElementSibling].some((each) => {
        if (each === null) return false;
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(each);
        return (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none';
      });
      const name =
        element.getAttribute('data-testid') ?? element.getAttribute('aria-label') ?? element.tagName;
      return { name: `${name}@${Math.round(box.x)},${Math.round(box.y)}`, shown };
    });
    if (now === undefined) break;
    if (reached.includes(now.name)) break;
    expect.soft(now.shown, `${now.name} shows the focus`).toBe(true);
    reached.push(now.name);
  }
  for (const id of [
    'make-button',
    'prompt',
    'negative',
    'advanced',
    'steps',
    'seed',
    'count',
    'rail-settings',
  ])
    expect.soft(reached, id).toContainEqual(expect.stringMatching(new RegExp(`^${id}@`)));
});

test('the sheet of shortcuts opens with ? and closes with Esc', async ({ studio }) => {
  const page = await studio.open();
  await page.keyboard.press('?');
  const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(sheet).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(sheet).toBeHidden();
});
