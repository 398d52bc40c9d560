import type { MenuItemConstructorOptions } from 'electron';
import { describe, expect, test } from 'vitest';
import type { DesktopCommand } from '#contract/desktop.ts';
import { buildMenu, type MenuOptions } from './menu.ts';
import { languageOf, wordsOf } from './words.ts';

function build(language: 'en' | 'ko', platform: NodeJS.Platform = 'linux', isPackaged = false) {
  const done: (DesktopCommand | string)[] = [];
  const options: MenuOptions = {
    language,
    platform,
    isPackaged,
    command: (command) => done.push(command),
    open: () => done.push('open'),
    showLog: () => done.push('log'),
    showData: () => done.push('data'),
  };
  return { menu: buildMenu(options), done };
}

function itemsOf(menu: readonly MenuItemConstructorOptions[]): MenuItemConstructorOptions[] {
  return menu.flatMap((item) => (Array.isArray(item.submenu) ? [item, ...itemsOf(item.submenu)] : [item]));
}

const press = (item: MenuItemConstructorOptions | undefined): void => {
  (item?.click as (() => void) | undefined)?.();
};

const platforms = ['linux', 'win32', 'darwin'] as const;

describe.each(platforms)('the menu on %s', (platform) => {
  test.each(['en', 'ko'] as const)('has a label and a deed for every item (%s)', (language) => {
    for (const item of itemsOf(build(language, platform).menu)) {
      if (item.type === 'separator') continue;
      expect(item.label, JSON.stringify(item)).toMatch(/\S/);
      const deeds = [item.role, item.click, item.submenu].filter((deed) => deed !== undefined);
      expect(deeds.length, item.label).toBeGreaterThan(0);
    }
  });

  test('is the same in both languages but for its words', () => {
    const shape = (language: 'en' | 'ko') =>
      itemsOf(build(language, platform).menu).map(({ type, role, accelerator }) => ({
        type,
        role,
        accelerator,
      }));
    expect(shape('ko')).toEqual(shape('en'));
    const labels = (language: 'en' | 'ko') =>
      itemsOf(build(language, platform).menu).flatMap(({ label }) => (label === undefined ? [] : [label]));
    const same = labels('en').filter((label, i) => label === labels('ko')[i]);
    expect(same).toEqual(platform === 'darwin' ? ['Tessera'] : []);
  });

  test('gives no key twice', () => {
    const keys = itemsOf(build('en', platform).menu).flatMap(({ accelerator }) =>
      accelerator === undefined ? [] : [accelerator],
    );
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('can quit, and keeps the tools of builders to builders', () => {
    const roles = (isPackaged: boolean) =>
      itemsOf(build('en', platform, isPackaged).menu).map(({ role }) => role);
    expect(roles(true)).toContain('quit');
    expect(roles(false)).toContain('toggleDevTools');
    expect(roles(true)).not.toContain('toggleDevTools');
    expect(roles(true)).not.toContain('reload');
  });
});

test('items ask the page for what they say', () => {
  const { menu, done } = build('en');
  const find = (label: string) => itemsOf(menu).find((item) => item.label === label);
  const words = wordsOf('en');
  for (const label of [words.make, words.cancel, words.open, words.settings, words.shortcuts, words.showLog])
    press(find(label));
  press(find(words.screenHistory));
  expect(done).toEqual([
    { type: 'make' },
    { type: 'cancel' },
    'open',
    { type: 'open', screen: 'settings' },
    { type: 'shortcuts' },
    'log',
    { type: 'open', screen: 'history' },
  ]);
});

test('the keys that the page answers itself are only shown', () => {
  const keyed = itemsOf(build('en').menu).filter(({ accelerator }) => accelerator !== undefined);
  expect(keyed.map(({ accelerator }) => accelerator)).toContain('CmdOrCtrl+Enter');
  for (const { label, registerAccelerator } of keyed) expect(registerAccelerator, label).toBe(false);
});

test('the language is the chosen one, else the first of the system that Tessera speaks', () => {
  expect(languageOf('en', ['ko-KR'])).toBe('en');
  expect(languageOf(null, ['fr-FR', 'ko-KR', 'en-GB'])).toBe('ko');
  expect(languageOf(null, ['fr-FR'])).toBe('en');
  expect(languageOf(null, [])).toBe('en');
});
