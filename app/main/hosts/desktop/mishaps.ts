import { app, dialog } from 'electron';
import type { BrowserWindow } from 'electron';
import { pageAddress } from './addresses.ts';
import { createReloadPolicy, type ReloadPolicy } from './reload-policy.ts';
import type { Words } from './words.ts';

export interface MishapOptions {
  readonly words: () => Words;
  readonly log: (error: unknown) => void;
  readonly showLog: () => void;
  /** Told to the page once it is there again. */
  readonly notice: (notice: 'window-reloaded' | 'main-failed') => void;
}

/** A window whose process ended, hangs or could not load is loaded again with a notice, or says so: it is never just blank. */
export function watchWindow(window: BrowserWindow, options: MishapOptions): void {
  const { log } = options;
  const policy = createReloadPolicy();
  const { webContents } = window;
  webContents.on('render-process-gone', (_event, { reason, exitCode }) => {
    if (reason === 'clean-exit') return;
    log(new Error(`The window's process ended: ${reason}, exit code ${exitCode}.`));
    void recover(window, policy, options).catch(log);
  });
  webContents.on('did-fail-load', (_event, code, description, address, isMainFrame) => {
    // -3 is a load that another one replaced.
    if (!isMainFrame || code === -3) return;
    log(new Error(`${address} did not load: ${description} (${code}).`));
    void recover(window, policy, options).catch(log);
  });
  webContents.on('preload-error', (_event, path, error) => {
    log(new Error(`The preload script ${path} failed: ${error.message}`));
    // Without it the page has no way to the main side, and would wait for ever.
    void recover(window, { mayReload: () => false }, options).catch(log);
  });
  window.on('unresponsive', () => {
    log(new Error('The window does not respond.'));
    void askWhetherToWait(window, options).catch(log);
  });
}

/** Processes of Chromium come back by themselves and the engine's end is told by its host: here they are only noted. */
export function watchProcesses({ log, notice }: MishapOptions): void {
  app.on('child-process-gone', (_event, { type, reason, exitCode, name, serviceName }) => {
    if (reason !== 'clean-exit')
      log(
        new Error(
          `A process ended: ${type} ${name ?? serviceName ?? ''}, ${reason}, exit code ${String(exitCode)}.`,
        ),
      );
  });
  const mistake = (error: unknown): void => {
    log(error);
    notice('main-failed');
  };
  process.on('uncaughtException', mistake);
  process.on('unhandledRejection', mistake);
}

async function recover(window: BrowserWindow, policy: ReloadPolicy, options: MishapOptions): Promise<void> {
  if (window.isDestroyed()) return;
  if (!policy.mayReload() && !(await askWhetherToTryAgain(window, options))) return;
  if (window.isDestroyed()) return;
  options.notice('window-reloaded');
  // A failure to load comes back as did-fail-load.
  await window.loadURL(pageAddress).catch(() => undefined);
}

async function askWhetherToTryAgain(window: BrowserWindow, options: MishapOptions): Promise<boolean> {
  const words = options.words();
  const { response } = await dialog.showMessageBox(window, {
    type: 'error',
    message: words.windowFails,
    detail: words.windowFailsDetail,
    buttons: [words.tryAgain, words.showLog, words.quit],
    defaultId: 0,
    cancelId: 2,
    noLink: true,
  });
  if (response === 1) options.showLog();
  if (response === 2) app.quit();
  return response !== 2;
}

async function askWhetherToWait(window: BrowserWindow, options: MishapOptions): Promise<void> {
  const words = options.words();
  const comesBack = new AbortController();
  const onResponsive = (): void => {
    comesBack.abort();
  };
  window.once('responsive', onResponsive);
  const { response } = await dialog.showMessageBox(window, {
    type: 'warning',
    message: words.notResponding,
    detail: words.notRespondingDetail,
    buttons: [words.wait, words.loadAgain],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
    signal: comesBack.signal,
  });
  window.off('responsive', onResponsive);
  if (response !== 1 || window.isDestroyed()) return;
  options.notice('window-reloaded');
  // Its process hangs, so a mere reload would wait for it.
  window.webContents.forcefullyCrashRenderer();
  await window.loadURL(pageAddress).catch(() => undefined);
}
