import { readFile } from 'node:fs/promises';
import { Tokenizer } from '@huggingface/tokenizers';
import * as v from 'valibot';
import { ModelError } from '#contract/errors.ts';

const bosToken = '<|startoftext|>';
const eosToken = '<|endoftext|>';
/** Ends the last piece of each word in CLIP's vocabulary. */
const endOfWord = '</w>';

/** How CLIP cuts text before its byte pairs: openai/CLIP@dcba3cb, clip/simple_tokenizer.py, in the form of a tokenizer.json. */
const normalizer = {
  type: 'Sequence',
  normalizers: [
    { type: 'NFC' },
    { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
    { type: 'Lowercase' },
  ],
};
const wordPattern = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";
const preTokenizer = {
  type: 'Sequence',
  pretokenizers: [
    { type: 'Split', pattern: { Regex: wordPattern }, behavior: 'Removed', invert: true },
    { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  ],
};

export interface ClipTokenizer {
  readonly bosId: number;
  readonly eosId: number;
  /** Id of a comma, where long prompts may be cut; undefined when the vocabulary has none. */
  readonly commaId: number | undefined;
  /** Ids without begin and end. */
  encode(text: string): number[];
  /** Begin, as many ids as fit, end, and padding: `length` ids in all. */
  padTo(ids: readonly number[], length: number, padId?: number): number[];
}

const VocabSchema = v.record(v.string(), v.pipe(v.number(), v.integer(), v.minValue(0)));
type Vocab = v.InferOutput<typeof VocabSchema>;

/** Reads vocab.json and merges.txt as they lie in the tokenizer folder of a diffusers checkpoint.
 *  Throws MODEL_UNREADABLE or MODEL_CONFIG_INVALID. */
export async function loadClipTokenizer(vocabPath: string, mergesPath: string): Promise<ClipTokenizer> {
  const [vocabText, mergesText] = await Promise.all([readText(vocabPath), readText(mergesPath)]);
  const vocab = parseVocab(vocabPath, vocabText);
  const bosId = idOf(vocabPath, vocab, bosToken);
  const eosId = idOf(vocabPath, vocab, eosToken);
  const merges = parseMerges(mergesPath, mergesText, vocab);
  const tokenizer = createTokenizer(vocab, merges, { [bosToken]: bosId, [eosToken]: eosId });
  return {
    bosId,
    eosId,
    commaId: Object.hasOwn(vocab, `,${endOfWord}`) ? vocab[`,${endOfWord}`] : undefined,
    encode: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids,
    padTo(ids, length, padId = eosId) {
      const padded = [bosId, ...ids.slice(0, length - 2), eosId];
      return [...padded, ...Array.from({ length: length - padded.length }, () => padId)];
    },
  };
}

function createTokenizer(
  vocab: Vocab,
  merges: readonly (readonly [string, string])[],
  specialTokens: Readonly<Record<string, number>>,
): Tokenizer {
  const added = Object.entries(specialTokens).map(([content, id]) => ({
    ...{ id, content, special: true, normalized: false },
    ...{ single_word: false, lstrip: false, rstrip: false },
  }));
  const model = {
    type: 'BPE',
    unk_token: eosToken,
    continuing_subword_prefix: '',
    end_of_word_suffix: endOfWord,
    fuse_unk: false,
    byte_fallback: false,
    vocab,
    merges,
  };
  const parts = { normalizer, pre_tokenizer: preTokenizer, post_processor: null, decoder: null };
  return new Tokenizer({ version: '1.0', added_tokens: added, ...parts, model }, {});
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new ModelError(
      'MODEL_UNREADABLE',
      `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}. A tokenizer needs vocab.json and merges.txt.`,
      { details: { path }, cause },
    );
  }
}

function invalid(path: string, problem: string, cause?: unknown): ModelError {
  return new ModelError(
    'MODEL_CONFIG_INVALID',
    `${path} is not a CLIP vocabulary: ${problem}. Take the file from the model's tokenizer folder again.`,
    { details: { path }, cause },
  );
}

function parseVocab(path: string, text: string): Vocab {
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (cause) {
    throw invalid(path, 'it is not JSON', cause);
  }
  const result = v.safeParse(VocabSchema, values);
  if (!result.success) throw invalid(path, 'expected an object of text → whole number');
  return result.output;
}

function idOf(path: string, vocab: Vocab, token: string): number {
  const id = Object.hasOwn(vocab, token) ? vocab[token] : undefined;
  if (id === undefined) throw invalid(path, `it has no ${token}`);
  return id;
}

/** One pair a line, the most frequent first. Pairs whose sum the vocabulary lacks are left out: CLIP's own list is longer than its vocabulary. */
function parseMerges(path: string, text: string, vocab: Vocab): [string, string][] {
  const lines = text.split(/\r?\n/u);
  return lines.flatMap((line, index): [string, string][] => {
    if (line === '' || (index === 0 && line.startsWith('#version'))) return [];
    const [left, right, ...rest] = line.split(' ');
    if (left === undefined || right === undefined || left === '' || right === '' || rest.length > 0) {
      throw invalid(
        path,
        `line ${index + 1} is ${JSON.stringify(line.slice(0, 80))}; expected two pieces with a blank between`,
      );
    }
    return Object.hasOwn(vocab, left + right) ? [[left, right]] : [];
  });
}
