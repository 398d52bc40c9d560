import type { Page } from '@playwright/test';
import sharp from 'sharp';
import { readTessera } from '#contract/archive/read.ts';
import { decodeNpy } from '#contract/archive/npy.ts';
import { noMerging } from '#contract/request.ts';
import { makePictures, quick } from '../fixtures/client.ts';
import { drop } from '../fixtures/drop.ts';
import { LookScreen, overlayModes } from '../fixtures/look-screen.ts';
import { MakeScreen } from '../fixtures/make-screen.ts';
import { readMaps, shownOf } from '../fixtures/maps.ts';
import type { Studio } from '../fixtures/studio.ts';
import { expect, test } from '../fixtures/test.ts';

const merged = {
  ...quick,
  merging: { ...noMerging, ratio: 0.5, maxDownsample: 2 as const, leaveOutCostly: false },
};

async function openLook(studio: Studio): Promise<{ page: Page; look: LookScreen }> {
  await studio.prepare((client) => makePictures(client, [merged]));
  const page = await studio.open();
  const look = new LookScreen(page);
  await look.open();
  return { page, look };
}

test('every mode draws another view, with its legend, by mouse and by key', async ({ studio }) => {
  const { page, look } = await openLook(studio);
  const legend = page.getByTestId('overlay-legend');
  const views = new Map<string, string>();
  const legends = new Set<string>();
  for (const mode of overlayModes) {
    await look.choose(mode);
    await expect(look.canvas).toHaveAttribute('data-mode', mode);
    views.set(await look.drawn(), mode);
    legends.add(await legend.innerText());
  }
  expect(views.size).toBe(overlayModes.length);
  expect(legends.size).toBe(overlayModes.length);
  for (const [i, mode] of overlayModes.entries()) {
    await page.keyboard.press(String(i + 1));
    await expect(look.canvas).toHaveAttribute('data-mode', mode);
    await expect(page.getByTestId(`mode-${mode}`)).toBeChecked();
  }
});

test('steps are scrubbed by slider, key and playback, blocks are picked from the map', async ({ studio }) => {
  const { page, look } = await openLook(studio);
  const label = page.getByTestId('overlay-step-label');
  await look.steps.fill('0');
  await expect(label).toHaveText('Step 1 of 4 · 50% merged');
  const first = await look.drawn();
  await page.keyboard.press(']');
  await expect(look.canvas).toHaveAttribute('data-step', '1');
  await expect(label).toHaveText('Step 2 of 4 · 50% merged');
  expect(await look.drawn()).not.toBe(first);
  await page.keyboard.press('[');
  await expect(look.canvas).toHaveAttribute('data-step', '0');
  await page.getByTestId('overlay-play').click();
  await expect(look.canvas).not.toHaveAttribute('data-step', '0');
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  const { blocks } = readMaps(studio.home, studio.row().id);
  expect(blocks.length).toBeGreaterThan(2);
  for (const { block, gridW, gridH } of blocks) {
    await look.block(block).click();
    await expect(look.canvas).toHaveAttribute('data-block', block);
    await expect(look.block(block)).toHaveAccessibleName(new RegExp(`${gridW}×${gridH}.* 50% merged`));
  }
  await page.keyboard.press('ArrowUp');
  await expect(look.canvas).toHaveAttribute('data-block', blocks.at(-2)?.block ?? '');
});

test('pointing at a token tells what happened to it, the same by arrow keys', async ({ studio }) => {
  const { page, look } = await openLook(studio);
  const maps = readMaps(studio.home, studio.row().id);
  const block = maps.blocks[0]?.block ?? '';
  await look.block(block).click();
  await look.steps.fill('2');
  const { gridW, gridH, map, destinations } = shownOf(maps, block, 2);
  const place = (token: number) => `${(token % gridW) + 1}, ${Math.floor(token / gridW) + 1}`;
  const behind = (token: number) => map.filter((to) => to === token).length;
  const inside = (token: number) => token % gridW > 3 && token > 4 * gridW;
  const token = map.findIndex((to, i) => to !== i && inside(i));
  await look.pointAt(token, gridW, gridH);
  await expect(look.note).toContainText(`Token ${place(token)}`);
  await expect(look.note).toContainText(`merged into ${place(map[token] ?? -1)}`);
  await expect(look.note).toContainText(`${behind(map[token] ?? -1)} tokens as one`);
  await expect(look.note).toContainText('step 3');
  const destination = [...destinations].find((each) => behind(each) > 1 && inside(each)) ?? -1;
  await look.pointAt(destination, gridW, gridH);
  await expect(look.note).toContainText(`Token ${place(destination)}`);
  await expect(look.note).toContainText('destination');
  const kept = map.findIndex((to, i) => to === i && !destinations.has(i) && inside(i));
  await look.pointAt(kept, gridW, gridH);
  await expect(look.note).toContainText(`Token ${place(kept)}`);
  await expect(look.note).toContainText('kept');
  await look.field.focus();
  await page.keyboard.press('ArrowRight');
  await expect(look.note).toContainText(`Token ${place(kept + 1)}`);
  await page.keyboard.press('ArrowDown');
  await expect(look.note).toContainText(`Token ${place(kept + 1 + gridW)}`);
});

test('Space held hides it, opacity fades it, the picture stands beside it', async ({ studio }) => {
  const { page, look } = await openLook(studio);
  // A button that has the focus would take Space for itself.
  await look.field.focus();
  await page.keyboard.press(' ');
  const shown = await look.drawn();
  await page.keyboard.down(' ');
  await expect.poll(() => look.drawn()).not.toBe(shown);
  await page.keyboard.up(' ');
  await expect.poll(() => look.drawn()).toBe(shown);
  await page.getByRole('slider', { name: /^Opacity/ }).press('Home');
  await expect.poll(() => look.drawn()).not.toBe(shown);
  await page.getByTestId('overlay-side-by-side').click();
  await expect(page.getByTestId('overlay-side-by-side')).toHaveAttribute('aria-pressed', 'true');
  await expect(page.locator('main img[src*="/media/pictures/"]')).not.toHaveCount(1);
});

test('exports: numbers are those of the maps, pictures those of the screen @browser', async ({ studio }) => {
  const { look } = await openLook(studio);
  const maps = readMaps(studio.home, studio.row().id);
  const block = maps.blocks.at(-1)?.block ?? '';
  await look.block(block).click();
  await look.steps.fill('1');
  const { gridW, gridH, map, destinations } = shownOf(maps, block, 1);
  const npy = await look.export('npy');
  expect(npy.name).toMatch(/\.npy$/);
  expect(decodeNpy(npy.bytes)).toEqual({ shape: [gridH, gridW], data: Int32Array.from(map) });
  const json = JSON.parse((await look.export('json')).bytes.toString()) as Record<string, unknown>;
  expect(json).toMatchObject({ block, call: 2, gridW, gridH, map: [...map], stepCount: 4 });
  expect(new Set(json['destinations'] as number[])).toEqual(destinations);
  const overlay = await sharp((await look.export('overlay')).bytes)
    .raw()
    .toBuffer({ resolveWithObject: true });
  const both = await sharp((await look.export('both')).bytes)
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(overlay.info).toMatchObject({ channels: 4, width: both.info.width, height: both.info.height });
  const alpha = (token: number) => {
    const scale = overlay.info.width / gridW;
    const x = Math.floor(((token % gridW) + 0.5) * scale);
    const y = Math.floor((Math.floor(token / gridW) + 0.5) * scale);
    return overlay.data[(y * overlay.info.width + x) * 4 + 3] ?? 0;
  };
  const away = map.findIndex((to, i) => to !== i);
  const kept = map.findIndex((to, i) => to === i && !destinations.has(i));
  expect(alpha(away)).toBeGreaterThan(100);
  expect(alpha(kept)).toBeLessThan(30);
  expect((await sharp(both.data, { raw: both.info }).stats()).isOpaque).toBe(true);
});

test('a .tessera file is saved, and opened by someone who has neither picture nor model @browser', async ({
  studio,
  anotherStudio,
}) => {
  const { look } = await openLook(studio);
  const { request, id } = studio.row();
  const saved = await look.export('tessera');
  expect(saved.name).toMatch(/\.tessera$/);
  const file = readTessera(saved.bytes);
  expect(file.request).toEqual(request);
  expect(file.maps).toEqual(readMaps(studio.home, id));
  expect((await sharp(file.picture).metadata()).width).toBe(request.widthPx);
  const stranger = await anotherStudio.open();
  await drop(stranger, { name: saved.name, bytes: saved.bytes });
  const viewer = stranger.getByTestId('tessera-viewer');
  await expect(viewer.getByTestId('overlay-canvas')).toBeVisible();
  await expect(viewer.getByTestId('look-picture')).toBeVisible();
  await stranger.keyboard.press('2');
  await expect(viewer.getByTestId('overlay-canvas')).toHaveAttribute('data-mode', 'heat');
  await stranger.keyboard.press('Escape');
  await expect(viewer).toBeHidden();
  expect(anotherStudio.rows()).toEqual([]);
  await drop(stranger, { name: 'broken.tessera', bytes: saved.bytes.subarray(0, 500) });
  await expect(stranger.getByRole('alert')).toContainText(/cannot be/);
});

test('the picture that is being made shows what was merged so far', async ({ studio }) => {
  const page = await studio.open();
  const make = new MakeScreen(page);
  await make.prompt.fill('a red sun over blue mountains');
  await page.getByRole('radio', { name: /^Balanced/ }).check();
  await make.setSquare(128);
  await make.setNumber('Steps', 400);
  await make.make();
  await make.waitFor('running');
  const label = page.getByTestId('overlay-step-label');
  await expect(label).toHaveText(/^Step \d+ of \d+ · 50% merged$/, { timeout: 60_000 });
  await expect(label).toHaveText(/^Step ([3-9]|\d\d+) of/, { timeout: 60_000 });
  await make.cancel.click();
  await make.waitFor('cancelled');
});

test('a picture in which nothing was merged says so', async ({ studio }) => {
  await studio.prepare((client) => makePictures(client, [{ merging: noMerging }]));
  const page = await studio.open();
  await page.getByTestId('rail-look').click();
  await expect(page.getByText(/^Nothing was merged in this picture/)).toBeVisible();
});
