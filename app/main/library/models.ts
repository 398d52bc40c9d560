import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { modelsFolder } from './companions.ts';

/** The name under which the embedded model is asked for. */
export const EMBEDDED_MODEL = 'demo';

export function embeddedModelPath(): string {
  return join(modelsFolder, EMBEDDED_MODEL);
}

/** A model's absolute path: the embedded model for its name or for nothing, else the path itself. */
export function resolveModel(nameOrPath: string | undefined): string {
  if (nameOrPath === undefined || nameOrPath === '' || nameOrPath === EMBEDDED_MODEL)
    return embeddedModelPath();
  const home = /^~(?=$|[\\/])/;
  return resolve(home.test(nameOrPath) ? nameOrPath.replace(home, homedir()) : nameOrPath);
}
