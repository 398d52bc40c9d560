import { app, dialog } from 'electron';
import type { BrowserWindow } from 'electron';
import { basename, extname, join } from 'node:path';
import { openableExtensions } from './options.ts';
import type { Words } from './words.ts';
import { writeWhole } from './write-whole.ts';

/** The system's dialogs over the window: the only source of paths. */

export async function chooseFolder(window: BrowserWindow, words: Words): Promise<string | undefined> {
  const { canceled, filePaths } = await dialog.showOpenDialog(window, {
    title: words.chooseFolder,
    properties: ['openDirectory', 'createDirectory'],
  });
  return canceled ? undefined : filePaths[0];
}

export async function chooseFiles(window: BrowserWindow, words: Words): Promise<readonly string[]> {
  const { canceled, filePaths } = await dialog.showOpenDialog(window, {
    properties: ['openFile', 'multiSelections'],
    filters: [
      { name: words.openableFiles, extensions: [...openableExtensions] },
      { name: words.allFiles, extensions: ['*'] },
    ],
  });
  return canceled ? [] : filePaths;
}

/** False when the artist thought better of it. Throws OUTPUT_UNWRITABLE. */
export async function saveFile(
  window: BrowserWindow,
  suggestedName: string,
  bytes: Uint8Array,
): Promise<boolean> {
  const name = safeName(suggestedName);
  const { canceled, filePath } = await dialog.showSaveDialog(window, {
    defaultPath: join(app.getPath('pictures'), name),
    filters: filtersOf(name),
    properties: ['createDirectory', 'showOverwriteConfirmation'],
  });
  if (canceled || filePath === '') return false;
  await writeWhole(filePath, bytes);
  return true;
}

/** A name without a folder in it, that every system takes. */
export function safeName(suggested: string): string {
  const name = basename(suggested.replaceAll('\\', '/'))
    // eslint-disable-next-line no-control-regex -- they are what is removed
    .replaceAll(/[\u0000-\u001f<>:"|?*]/g, '-')
    .replace(/^\.+/, '');
  return name === '' ? 'tessera' : name;
}

function filtersOf(name: string): { name: string; extensions: string[] }[] {
  const extension = extname(name).slice(1);
  return extension === '' ? [] : [{ name: extension.toUpperCase(), extensions: [extension] }];
}
