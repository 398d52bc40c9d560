import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OutputError } from '#contract/errors.ts';
import { writeDocument, type Tried } from './document.ts';
import type { StoredStudy } from './store.ts';

const docs = join(import.meta.dirname, '..', '..', 'docs');
const template = join(import.meta.dirname, 'template.md');
const plotsFolder = join(docs, 'benchmarks');
const triedFolder = join(docs, 'tried');

/** Writes docs/BENCHMARKS.md and its plots, and the studies they are made from. Gives a line for the terminal. */
export async function writeReport(records: readonly StoredStudy[]): Promise<string> {
  const { markdown, plots } = writeDocument(await readFile(template, 'utf8'), records, await readTried());
  const file = join(docs, 'BENCHMARKS.md');
  try {
    await rm(plotsFolder, { recursive: true, force: true });
    await mkdir(plotsFolder, { recursive: true });
    for (const { name, svg } of plots) await writeFile(join(plotsFolder, name), svg);
    await writeFile(
      join(plotsFolder, 'studies.jsonl'),
      records.map((record) => `${JSON.stringify(record)}\n`).join(''),
    );
    await writeFile(file, markdown);
  } catch (cause) {
    throw new OutputError(
      'OUTPUT_UNWRITABLE',
      `The report could not be written to ${docs}. Make the folder writable and run --report-only.`,
      { cause },
    );
  }
  return `${file}: ${records.length} studies, ${plots.length} plots.`;
}

/** What did not pay, each in a file of its own that starts with its title. */
async function readTried(): Promise<Tried[]> {
  let names: string[];
  try {
    names = await readdir(triedFolder);
  } catch {
    // Nothing was written down yet.
    return [];
  }
  return Promise.all(
    names
      .filter((name) => name.endsWith('.md'))
      .sort()
      .map(async (name) => {
        const title = /^# (.+)$/m.exec(await readFile(join(triedFolder, name), 'utf8'))?.[1];
        return { title: title ?? name, path: `tried/${name}` };
      }),
  );
}
