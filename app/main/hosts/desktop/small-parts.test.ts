import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import type { Generation } from '#contract/studio/generation.ts';
import { defaultSettings } from '#contract/studio/settings.ts';
import { temporaryFolder } from '#studio/testing.ts';
import { createCommands } from './commands.ts';
import { longJobMs, notificationOf } from './notification.ts';
import { commandOfFile } from './opened-files.ts';
import { filesOfSecondStart, filesToOpen, readOptions } from './options.ts';
import { endWithin } from './quitting.ts';
import { createReloadPolicy } from './reload-policy.ts';
import { isDark, windowColours } from './theme.ts';
import { writeWhole } from './write-whole.ts';

describe('writeWhole', () => {
  test('replaces what was there and leaves nothing beside it', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'picture.png');
    writeFileSync(file, 'old');
    await writeWhole(file, new Uint8Array([1, 2, 3]));
    expect([...readFileSync(file)]).toEqual([1, 2, 3]);
    expect(readdirSync(folder)).toEqual(['picture.png']);
  });

  test('says why, keeps what was there, and leaves nothing half-written', async () => {
    const folder = temporaryFolder();
    await expect(writeWhole(join(folder, 'missing', 'x.png'), 'x')).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      message: expect.stringContaining('its folder does not exist') as string,
    });
    mkdirSync(join(folder, 'taken.png'));
    await expect(writeWhole(join(folder, 'taken.png'), 'x')).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
    });
    expect(readdirSync(folder)).toEqual(['taken.png']);
  });
});

describe('notificationOf', () => {
  const generation = (changes: Partial<Generation>): Generation => ({
    ...({
      request: { prompt: 'a red sun' },
      state: 'done',
      startedAt: 0,
      finishedAt: longJobMs,
    } as Generation),
    ...changes,
  });
  const away = { isFocused: false, isVisible: true };
  const tell = (changes: Partial<Generation>, attention = away, settings = defaultSettings) =>
    notificationOf(generation(changes), attention, settings, 'en');

  test('tells of a long picture while the artist is elsewhere', () => {
    expect(tell({})).toEqual({ title: 'Picture done', body: 'a red sun' });
    expect(tell({ state: 'failed' })?.title).toBe('Picture failed');
    expect(tell({}, { isFocused: true, isVisible: false })).toBeDefined();
    expect(notificationOf(generation({}), away, defaultSettings, 'ko')?.title).toBe('그림이 완성됐습니다');
  });

  test('is quiet where it would disturb', () => {
    expect(tell({}, { isFocused: true, isVisible: true })).toBeUndefined();
    expect(tell({}, away, { ...defaultSettings, notifyWhenHidden: false })).toBeUndefined();
    expect(tell({ finishedAt: longJobMs - 1 })).toBeUndefined();
    expect(tell({ state: 'cancelled' })).toBeUndefined();
    expect(tell({ startedAt: null })).toBeUndefined();
  });
});

describe('options', () => {
  test('are found among the switches of Electron and Chromium', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'a.tessera'), '');
    const args = [
      '--inspect=0',
      '--remote-debugging-port=0',
      folder,
      '--home=here',
      '--models=m',
      '--models',
      'n',
      'a.tessera',
      '--no-sandbox',
    ];
    expect(readOptions(args, folder)).toEqual({
      home: join(folder, 'here'),
      models: [join(folder, 'm'), join(folder, 'n')],
      files: [join(folder, 'a.tessera')],
    });
  });

  test('open only files of ours that are there', () => {
    const folder = temporaryFolder();
    for (const name of ['a.PNG', 'b.safetensors', 'c.txt']) writeFileSync(join(folder, name), '');
    expect(filesToOpen(['a.PNG', 'b.safetensors', 'c.txt', 'gone.png'], folder)).toEqual([
      join(folder, 'a.PNG'),
      join(folder, 'b.safetensors'),
    ]);
  });

  test('of a second start are believed only as paths', () => {
    const file = join(temporaryFolder(), 'x.png');
    writeFileSync(file, '');
    expect(filesOfSecondStart({ files: [file, 7, null] })).toEqual([file]);
    for (const data of [undefined, null, 'x', {}, { files: 'x.png' }])
      expect(filesOfSecondStart(data)).toEqual([]);
  });
});

describe('opened files', () => {
  test('come with their bytes, but models stay where they lie', async () => {
    const folder = temporaryFolder();
    const picture = join(folder, 'x.png');
    const model = join(folder, 'x.safetensors');
    writeFileSync(picture, 'pixels');
    writeFileSync(model, 'weights');
    expect(await commandOfFile(picture)).toEqual({
      type: 'file',
      name: 'x.png',
      path: picture,
      bytes: new Uint8Array(Buffer.from('pixels')),
    });
    expect(await commandOfFile(model)).toMatchObject({ type: 'file', path: model, bytes: null });
  });

  test('that are gone by now give a notice', async () => {
    expect(await commandOfFile(join(temporaryFolder(), 'gone.png'))).toEqual({
      type: 'notice',
      notice: 'file-unreadable',
    });
  });
});

describe('commands', () => {
  test('wait while the page is loading, and are told in their order', () => {
    const sent: unknown[] = [];
    const listeners = new Map<string, (details: { isMainFrame: boolean; isSameDocument: boolean }) => void>();
    const contents = {
      send: (_channel: string, command: unknown) => sent.push(command),
      on: (event: string, listener: () => void) => listeners.set(event, listener),
    };
    const commands = createCommands();
    commands.send({ type: 'make' });
    commands.attach(contents as unknown as Parameters<typeof commands.attach>[0]);
    commands.send({ type: 'cancel' });
    expect(sent).toEqual([]);
    commands.pageIsReady();
    commands.send({ type: 'shortcuts' });
    expect(sent).toEqual([{ type: 'make' }, { type: 'cancel' }, { type: 'shortcuts' }]);
    listeners.get('did-start-navigation')?.({ isMainFrame: true, isSameDocument: false });
    commands.send({ type: 'make' });
    expect(sent).toHaveLength(3);
    commands.pageIsReady();
    expect(sent).toHaveLength(4);
  });
});

test('a window is loaded again three times a minute, then no more until a minute has gone', () => {
  let at = 0;
  const policy = createReloadPolicy(() => at);
  const tries = [0, 10_000, 20_000, 30_000, 60_001].map((ms) => {
    at = ms;
    return policy.mayReload();
  });
  expect(tries).toEqual([true, true, true, false, true]);
});

test('quitting waits for the studio, but not for ever', async () => {
  expect(await endWithin(() => Promise.resolve(), 1000)).toBe('ended');
  expect(await endWithin(() => new Promise(() => undefined), 20)).toBe('too late');
  await expect(endWithin(() => Promise.reject(new Error('no')), 1000)).rejects.toThrow('no');
});

test('the window has the colours of its page before that is painted', () => {
  const css = readFileSync(
    new URL('../../../renderer/styles/tokens.css', pathToFileURL(import.meta.filename)),
    'utf8',
  );
  for (const theme of ['dark', 'light'] as const) {
    const block = css.slice(css.indexOf(`:root[data-theme='${theme}']`));
    const token = (name: string) => new RegExp(`--${name}: (oklch\\([^)]*\\));`).exec(block)?.[1] ?? '';
    expect(hexOf(token('bg'))).toBe(windowColours[theme].background);
    expect(hexOf(token('text'))).toBe(windowColours[theme].symbols);
  }
  expect([
    isDark('system', true),
    isDark('system', false),
    isDark('dark', false),
    isDark('light', true),
  ]).toEqual([true, false, true, false]);
});

test('a drag icon is a small PNG', async () => {
  const { dragIcon } = await import('./drag-icon.ts');
  const webp = await sharp({ create: { width: 300, height: 150, channels: 3, background: '#804020' } })
    .webp()
    .toBuffer();
  expect(await sharp(await dragIcon(webp)).metadata()).toMatchObject({
    format: 'png',
    width: 128,
    height: 64,
  });
});

/** OKLCH to sRGB by the matrices of CSS Color 4, https://www.w3.org/TR/2024/CRD-css-color-4-20240213/#color-conversion-code */
function hexOf(text: string): string {
  const [lightness, chroma, hue] = (/oklch\(([\d.]+)% ([\d.]+) ([\d.]+)/.exec(text) ?? [])
    .slice(1)
    .map(Number);
  if (lightness === undefined || chroma === undefined || hue === undefined)
    throw new Error(`No colour: ${text}`);
  const l = lightness / 100;
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const long = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
    -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
    -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short,
  ];
  const byte = (value: number): string =>
    Math.round(255 * (value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055))
      .toString(16)
      .padStart(2, '0');
  return `#${linear.map(byte).join('')}`;
}
