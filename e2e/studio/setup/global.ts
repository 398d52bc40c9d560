import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBrowser } from './browser.ts';
import { ensureRenderer } from './renderer.ts';

export const artefacts = join(import.meta.dirname, '..', '..', '..', 'out', 'e2e');

export default async function setUp(): Promise<void> {
  const say = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  await ensureBrowser(say);
  await ensureRenderer(say);
  rmSync(join(artefacts, 'screens'), { recursive: true, force: true });
}
