import { app, dialog, protocol } from 'electron';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createStudio, type Studio } from '#studio/studio.ts';
import { scheme } from './addresses.ts';
import { Desktop } from './desktop.ts';
import { startEngineProcess } from './engine-port.ts';
import { logLine, setupLog } from './log.ts';
import {
  filesOfSecondStart,
  filesToOpen,
  profileFolder,
  readOptions,
  type DesktopOptions,
} from './options.ts';
import { endWithin } from './quitting.ts';
import { languageOf, wordsOf } from './words.ts';

/**
 * Entry of the desktop, run by Electron as it is written: its Node strips the types. No top-level await of `whenReady`:
 * Electron is not ready before this module has ended.
 */
const root = join(import.meta.dirname, '..', '..', '..', '..');
const options = readOptions(process.argv.slice(1), process.cwd());

app.setName('Tessera');
app.enableSandbox();
protocol.registerSchemesAsPrivileged([
  {
    scheme,
    privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true },
  },
]);
try {
  mkdirSync(profileFolder(options.home), { recursive: true });
  app.setPath('userData', profileFolder(options.home));
  if (app.requestSingleInstanceLock({ files: options.files })) run(options, setupLog(options.home));
  else app.quit();
} catch (error) {
  fail(error);
}

function fail(error: unknown): void {
  const systemLanguages = app.isReady() ? app.getPreferredSystemLanguages() : [];
  const words = wordsOf(languageOf(null, systemLanguages));
  dialog.showErrorBox(words.startFailed, error instanceof Error ? error.message : String(error));
  app.exit(1);
}

function run({ home, models, files }: DesktopOptions, log: (error: unknown) => void): void {
  logLine('Tessera {version} starts on {platform} with Electron {electron}.', {
    version: app.getVersion(),
    platform: process.platform,
    electron: process.versions['electron'],
  });
  const asked = [...files];
  let desktop: Desktop | undefined;
  let studio: Studio | undefined;
  const open = (paths: readonly string[]): void => {
    if (desktop === undefined) asked.push(...paths);
    else desktop.openFiles(paths).catch(log);
  };

  const start = async (): Promise<void> => {
    studio = await createStudio({
      dataFolder: home,
      host: 'desktop',
      modelFolders: models,
      startEnginePort: startEngineProcess,
    });
    desktop = await Desktop.open({ studio, home, root, log });
    desktop.show();
    open(asked.splice(0));
  };

  app.on('second-instance', (_event, _args, _folder, data) => {
    desktop?.show();
    open(filesOfSecondStart(data));
  });
  app.on('open-file', (event, path) => {
    event.preventDefault();
    open(filesToOpen([path], '/'));
  });
  app.on('activate', () => {
    desktop?.show();
  });
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  app.on('before-quit', (event) => {
    const ending = studio;
    if (ending === undefined) return;
    event.preventDefault();
    studio = undefined;
    void endWithin(() => ending.dispose())
      .then((how) => {
        if (how === 'too late') log(new Error('The studio took too long to end and was left behind.'));
      }, log)
      .finally(() => {
        app.quit();
      });
  });
  app
    .whenReady()
    .then(start)
    .catch((error: unknown) => {
      log(error);
      fail(error);
    });
}
