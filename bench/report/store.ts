import { appendFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { OutputError, RequestError } from '#contract/errors.ts';
import { describeMachine, isSameMachine } from '../machine.ts';
import { figureName, StudySchema, type Study, type StudyKey } from '../results.ts';
import { readCommit } from './commit.ts';

/** A study as it is kept: when, where and with what it was found. */
const RecordSchema = v.object({
  /** ISO 8601. */
  at: v.string(),
  /** Abbreviated; with a + where the code had changes that are in no commit. */
  commit: v.string(),
  machine: v.record(v.string(), v.string()),
  versions: v.record(v.string(), v.string()),
  study: StudySchema,
});
export type StoredStudy = Readonly<v.InferOutput<typeof RecordSchema>>;

export interface Store {
  /** All that is kept, oldest first. */
  read(): Promise<StoredStudy[]>;
  add(found: Pick<StoredStudy, 'study' | 'machine' | 'versions'>): Promise<void>;
  /** The newest study of this commit and machine that has all the figures that are wanted, by their names. */
  held(key: StudyKey, wanted: readonly string[]): Promise<Study | undefined>;
}

const OWN_FILE = 'studies.jsonl';

/**
 * Studies as lines of JSON in a folder. Each is added as soon as it is finished, so that a run that ends early has kept
 * what it found; every *.jsonl of the folder is read, so figures of other machines can be laid beside.
 */
export async function openStore(folder: string): Promise<Store> {
  const commit = await readCommit();
  const machine = await describeMachine();
  const read = async () => {
    const names = (await namesIn(folder)).filter((name) => name.endsWith('.jsonl')).sort();
    const records: StoredStudy[] = [];
    // One after another, so that it is always the first wrong line that is named.
    for (const name of names) records.push(...(await readLines(join(folder, name))));
    return records.sort((a, b) => a.at.localeCompare(b.at));
  };
  return {
    read,
    async add(found) {
      const record: StoredStudy = { at: new Date().toISOString(), commit, ...found };
      try {
        await mkdir(folder, { recursive: true });
        await appendFile(join(folder, OWN_FILE), `${JSON.stringify(record)}\n`);
      } catch (cause) {
        throw new OutputError(
          'OUTPUT_UNWRITABLE',
          `The results cannot be kept in ${folder}. Name another folder with --results.`,
          {
            cause,
          },
        );
      }
    },
    async held(key, wanted) {
      const records = (await read()).filter(
        (record) =>
          record.commit === commit &&
          isSameMachine(record.machine, machine) &&
          isSameKey(record.study.key, key),
      );
      return records.findLast(({ study }) => isComplete(study, wanted))?.study;
    },
  };
}

export function isSameKey(a: StudyKey, b: StudyKey): boolean {
  return keyText(a) === keyText(b);
}

export function keyText({ topic, model, sizePx, steps }: StudyKey): string {
  return [topic, model, sizePx, steps].join(' ');
}

export function isComplete({ figures }: Study, wanted: readonly string[]): boolean {
  const good = new Set(figures.map(figureName));
  return (
    figures.length > 0 &&
    figures.every(({ failure }) => failure === undefined) &&
    wanted.every((name) => good.has(name))
  );
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

async function readLines(path: string): Promise<StoredStudy[]> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  return lines.flatMap((line, i) => (line.trim() === '' ? [] : [readRecord(line, `${path}, line ${i + 1}`)]));
}

function readRecord(line: string, where: string): StoredStudy {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (cause) {
    throw unreadable(where, 'it is no JSON', cause);
  }
  const parsed = v.safeParse(RecordSchema, json);
  if (parsed.success) return parsed.output;
  throw unreadable(
    where,
    parsed.issues.map((issue) => `${v.getDotPath(issue) ?? ''} ${issue.message}`).join('. '),
  );
}

function unreadable(where: string, why: string, cause?: unknown): RequestError {
  return new RequestError(
    'REQUEST_INVALID',
    `${where} is no kept study: ${why}. Remove the line, or name another folder with --results.`,
    { cause },
  );
}
