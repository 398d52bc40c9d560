import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { pathKind } from '#library/files.ts';
import { brokenCase, casesOrBroken, checkError } from './cases.ts';
import type { CaseGroup } from './cases.ts';
import { modelCases } from './model.ts';
import { noiseCases } from './noise.ts';
import { schedulerCases } from './schedulers.ts';
import type { CheckRuntime } from './runtime.ts';
import { singleFileCases } from './single-file.ts';
import { tokenCases } from './tokens.ts';
import { tomeCases } from './tome.ts';

export interface Discovery {
  readonly groups: readonly CaseGroup[];
  /** Entries that hold nothing to compute, each with the reason. */
  readonly notes: readonly string[];
}

const files: Readonly<Record<string, (path: string) => Promise<CaseGroup>>> = {
  'schedulers.json': schedulerCases,
  'clip-tokens.json': tokenCases,
  'torch-randn.json': noiseCases,
};
const expectation =
  'schedulers.json, clip-tokens.json, torch-randn.json, tome/cases.json, single-file/NAME.safetensors, or model folders with io.safetensors';

/** Finds every case in a folder laid out as tests/golden/README.md says. */
export async function discoverCases(dir: string, runtime: CheckRuntime): Promise<Discovery> {
  const groups: CaseGroup[] = [];
  const notes: string[] = [];
  for (const name of await list(dir)) {
    const path = join(dir, name);
    if ((await pathKind(path)) === 'folder') {
      await addFolder({ name, path }, runtime, groups, notes);
      continue;
    }
    const make = Object.hasOwn(files, name) ? files[name] : undefined;
    if (make !== undefined) groups.push(await casesOrBroken(name, () => make(path)));
    else if (isData(name)) groups.push(unknown(name));
    else notes.push(`${name}: not golden data`);
  }
  if (groups.length === 0) throw checkError(`${dir} holds nothing to check; expected ${expectation}.`);
  return { groups, notes };
}

async function addFolder(
  { name, path }: { name: string; path: string },
  runtime: CheckRuntime,
  groups: CaseGroup[],
  notes: string[],
): Promise<void> {
  const names = await list(path);
  if (name === 'tome') groups.push(await casesOrBroken(name, () => tomeCases(path, runtime)));
  else if (name === 'single-file') {
    for (const file of names) {
      if (extname(file) === '.safetensors') {
        groups.push(await casesOrBroken(`${name} ${file}`, () => singleFileCases(join(path, file), runtime)));
      } else notes.push(`${name}/${file}: not a checkpoint`);
    }
  } else if (name === 'layouts') {
    notes.push('layouts: names and shapes of tensors, nothing to compute');
  } else if (names.includes('io.safetensors') || names.includes('model_index.json')) {
    groups.push(await casesOrBroken(name, () => modelCases(path, runtime)));
  } else if (names.some(isData)) groups.push(unknown(name));
  else notes.push(`${name}/: not golden data`);
}

function unknown(name: string): CaseGroup {
  return { cases: [brokenCase(name, `${name} has no known meaning here; expected ${expectation}.`)] };
}

function isData(name: string): boolean {
  return ['.json', '.safetensors'].includes(extname(name));
}

/** Visible entries by name, in order. */
async function list(dir: string): Promise<string[]> {
  try {
    const names = await readdir(dir);
    return names.filter((name) => !name.startsWith('.')).sort();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw checkError(`${dir} cannot be listed (${reason}); expected a folder with ${expectation}.`);
  }
}
