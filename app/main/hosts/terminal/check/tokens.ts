import { basename, dirname } from 'node:path';
import * as v from 'valibot';
import { loadClipTokenizer } from '#engine/text/tokenizer.ts';
import { findTokenizer } from '#library/companions.ts';
import { once } from './cases.ts';
import type { CaseGroup } from './cases.ts';
import { compareExact } from './compare.ts';
import { readPythonJson } from './golden-files.ts';

const TokensSchema = v.array(v.object({ text: v.string(), ids: v.array(v.number()) }));
const shownLength = 40;

/** clip-tokens.json: text → ids, padded with the end token to the length of the list. */
export async function tokenCases(path: string): Promise<CaseGroup> {
  const examples = await readPythonJson(path, TokensSchema);
  const tokenizer = once(async () => {
    const { vocabPath, mergesPath } = await findTokenizer([dirname(path)]);
    return loadClipTokenizer(vocabPath, mergesPath);
  });
  return {
    cases: examples.map(({ text, ids }) => ({
      name: `${basename(path, '.json')} ${JSON.stringify(text.slice(0, shownLength))}`,
      tolerance: 0,
      run: async () => {
        const clip = await tokenizer();
        return compareExact('ids', clip.padTo(clip.encode(text), ids.length), ids);
      },
    })),
  };
}
