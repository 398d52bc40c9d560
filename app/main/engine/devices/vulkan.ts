import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The Vulkan drivers that a Linux system offers (Vulkan loader, LoaderDriverInterface.md): WebGPU runs on one of them. */

const softwareRenderers: readonly (readonly [RegExp, string])[] = [
  [/swiftshader/i, 'SwiftShader'],
  // Lavapipe is llvmpipe's Vulkan driver; its library is lvp.
  [/lvp|lavapipe|llvmpipe/i, 'llvmpipe'],
  [/softpipe/i, 'softpipe'],
];

/** What renders in software, by the name of a driver or of its device; undefined where a card does. */
export function softwareRenderer(name: string): string | undefined {
  return softwareRenderers.find(([pattern]) => pattern.test(name))?.[1];
}

export function isSoftwareDriver(library: string): boolean {
  return softwareRenderer(library) !== undefined;
}

/** Libraries of the drivers, as their manifests name them. */
export async function vulkanDrivers(env: NodeJS.ProcessEnv): Promise<string[]> {
  const libraries: string[] = [];
  for (const manifest of await manifests(env)) {
    const library = await libraryOf(manifest);
    if (library !== undefined) libraries.push(library);
  }
  return libraries;
}

async function manifests({
  VK_DRIVER_FILES,
  VK_ICD_FILENAMES,
  XDG_DATA_DIRS,
  XDG_DATA_HOME,
}: NodeJS.ProcessEnv) {
  // An empty variable is as good as none to the loader.
  const named = [VK_DRIVER_FILES, VK_ICD_FILENAMES].find((value) => value !== undefined && value !== '');
  if (named !== undefined) return named.split(':').filter((path) => path !== '');
  const shared = (XDG_DATA_DIRS ?? '/usr/local/share:/usr/share').split(':');
  const data = [XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), ...shared];
  const folders = ['/etc', '/usr/local/etc', ...data].map((folder) => join(folder, 'vulkan', 'icd.d'));
  return (await Promise.all(folders.map(filesOf))).flat();
}

async function filesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith('.json')).map((name) => join(folder, name));
  } catch {
    // Most of these folders do not exist.
    return [];
  }
}

async function libraryOf(manifest: string): Promise<string | undefined> {
  try {
    return /"library_path"\s*:\s*"([^"]+)"/.exec(await readFile(manifest, 'utf8'))?.[1];
  } catch {
    // The loader passes over what it cannot read, too.
    return undefined;
  }
}
