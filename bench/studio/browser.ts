import { join } from 'node:path';
import process from 'node:process';
import { chromium, type Browser } from '@playwright/test';
import { isStale, rendererBuild, runBuild } from '#main/start/builds.ts';

const root = join(import.meta.dirname, '..', '..');
const flags = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'];

/** A browser for the studio's page, which is built first where it is not, or not from these sources. */
export async function openBrowser(): Promise<Browser> {
  if (isStale(root, rendererBuild)) await runBuild(root, rendererBuild);
  const executablePath = process.env['TESSERA_E2E_BROWSER'] ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: flags });
}
