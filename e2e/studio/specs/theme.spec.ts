import type { Page } from '@playwright/test';
import { expect, test } from '../fixtures/test.ts';

/** Lightness of the page's ground, 0 to 1. */
function lightness(page: Page): Promise<number> {
  return page.evaluate(() => {
    const context = new OffscreenCanvas(1, 1).getContext('2d');
    if (context === null) throw new Error('no canvas');
    context.fillStyle = getComputedStyle(document.body).backgroundColor;
    context.fillRect(0, 0, 1, 1);
    const [r = 0, g = 0, b = 0] = context.getImageData(0, 0, 1, 1).data;
    return (r + g + b) / (3 * 255);
  });
}

test('dark at first; light, dark and the system’s are chosen and kept', async ({ studio }) => {
  const page = await studio.open();
  const root = page.locator('html');
  await page.emulateMedia({ colorScheme: 'light' });
  await expect(root).toHaveAttribute('data-theme', 'dark');
  expect(await lightness(page)).toBeLessThan(0.15);
  await page.getByTestId('rail-settings').click();
  await page.getByRole('radio', { name: 'Light' }).check();
  await expect(root).toHaveAttribute('data-theme', 'light');
  expect(await lightness(page)).toBeGreaterThan(0.85);
  await page.getByRole('radio', { name: 'As the system' }).check();
  await expect(root).toHaveAttribute('data-theme', 'light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await expect(root).toHaveAttribute('data-theme', 'dark');
  await page.getByRole('radio', { name: 'Light' }).check();
  const again = await studio.reopen(page);
  await expect(again.locator('html')).toHaveAttribute('data-theme', 'light');
});
