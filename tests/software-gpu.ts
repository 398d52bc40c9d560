import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * SwiftShader, the GPU in software that Chromium brings along: WebGPU's own provider and kernels, without a card. Debian's
 * package and Playwright's download both have it; beside it the system's Vulkan loader is needed (libvulkan1).
 */
const icd = 'vk_swiftshader_icd.json';
const loaders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib'];

/** Makes it this process's one GPU, before the first session; or says why not. */
export function useSoftwareGpu(): string | undefined {
  const { path, missing } = findSoftwareGpu();
  if (path === undefined) return missing;
  process.env['VK_ICD_FILENAMES'] = path;
  process.env['VK_DRIVER_FILES'] = path;
  // The loader and its layers ask for one, and a service's account has none.
  process.env['XDG_RUNTIME_DIR'] ??= mkdtempSync(join(tmpdir(), 'tessera-xdg-'));
  return undefined;
}

/** Where its driver's description lies, or what is missing for it. */
export function findSoftwareGpu(): { readonly path?: string; readonly missing?: string } {
  if (process.platform !== 'linux')
    return { missing: `SwiftShader is looked for on Linux only; this is ${process.platform}.` };
  if (!loaders.some((folder) => existsSync(join(folder, 'libvulkan.so.1'))))
    return {
      missing: `No Vulkan loader (libvulkan.so.1) in ${loaders.join(', ')}: apt-get install libvulkan1.`,
    };
  const folders = ['/usr/lib/chromium', ...downloadedChromiums()];
  const path = folders.map((folder) => join(folder, icd)).find((file) => existsSync(file));
  return path === undefined
    ? { missing: `No ${icd} in ${folders.join(', ')}: npx playwright install chromium.` }
    : { path };
}

function downloadedChromiums(): string[] {
  const root = process.env['PLAYWRIGHT_BROWSERS_PATH'] ?? join(homedir(), '.cache', 'ms-playwright');
  if (!existsSync(root)) return [];
  const inside = (folder: string) => readdirSync(folder).map((name) => join(folder, name));
  return inside(root)
    .filter((path) => path.includes('chromium'))
    .flatMap(inside)
    .filter((path) => path.includes('chrome'));
}
