import { extname } from 'node:path';
import { ModelError } from '#contract/errors.ts';

/** What a file is when it is not safetensors, told by its first bytes, and what to do about it. */
interface Format {
  readonly matches: (head: Buffer, path: string) => boolean;
  readonly what: string;
  readonly todo: string;
}

const startsWith = (...bytes: number[]) => {
  const magic = Buffer.from(bytes);
  return (head: Buffer) => head.subarray(0, magic.length).equals(magic);
};
const startsWithText = (pattern: RegExp) => (head: Buffer) =>
  pattern.test(head.toString('latin1').trimStart());

const useSafetensors =
  'Opening a pickle can run any program that its author put inside, so Tessera never does. ' +
  'Get the .safetensors version of this model, or convert it with a tool you trust.';

const pickleExtensions = new Set(['.ckpt', '.pt', '.pth', '.bin', '.pkl', '.pickle']);

/** Pickle protocols 2 to 5 begin with 0x80 and the protocol's number. */
const isPickle = (head: Buffer) => head[0] === 0x80 && (head[1] ?? 0) >= 2 && (head[1] ?? 0) <= 5;

/** In order: content first, the file's extension last. */
const formats: readonly Format[] = [
  {
    matches: startsWith(0x50, 0x4b, 0x03, 0x04),
    what: 'a zip archive, the form in which torch.save wraps a pickle (.ckpt, .pt)',
    todo: useSafetensors,
  },
  {
    matches: startsWith(0x50, 0x4b),
    what: 'a zip archive, not a safetensors file',
    todo: 'If a model is packed inside, unpack it and open what is in it.',
  },
  { matches: isPickle, what: 'a Python pickle (.ckpt, .pt)', todo: useSafetensors },
  {
    matches: startsWithText(/^version https:\/\/git-lfs/),
    what: 'a Git LFS pointer: a note of where the model lies, not the model',
    todo: 'Fetch the real file with "git lfs pull", or download it with the browser.',
  },
  {
    matches: startsWithText(/^<(!doctype|html|head|body|\?xml)/i),
    what: 'a web page, as a download gives that failed or that needs you to sign in',
    todo: 'Open the address in a browser and download the file itself.',
  },
  {
    matches: startsWith(0x47, 0x47, 0x55, 0x46),
    what: 'a GGUF file (quantised weights)',
    todo: 'Tessera reads safetensors in F32, F16 or BF16: get that version of the model.',
  },
  {
    matches: startsWith(0x1f, 0x8b),
    what: 'a gzip archive',
    todo: 'Unpack it and open what is in it.',
  },
  {
    matches: startsWith(0x37, 0x7a, 0xbc, 0xaf),
    what: 'a 7-zip archive',
    todo: 'Unpack it and open what is in it.',
  },
  {
    matches: startsWithText(/^\{/),
    what: 'a JSON text',
    todo: 'If it belongs to a diffusers folder (model_index.json), give the folder.',
  },
  {
    matches: (_head, path) => pickleExtensions.has(extname(path).toLowerCase()),
    what: `not safetensors, and by its name a Python pickle`,
    todo: useSafetensors,
  },
];

/** Throws MODEL_FORMAT_REFUSED when the first bytes of a file (or its extension) tell that it is something else. */
export function refuseOtherFormats(path: string, head: Buffer): void {
  if (head.length === 0) {
    throw refusal(path, 'empty (0 bytes)', 'Download it again.');
  }
  const format = formats.find(({ matches }) => matches(head, path));
  if (format !== undefined) throw refusal(path, format.what, format.todo);
}

function refusal(path: string, what: string, todo: string): ModelError {
  return new ModelError(
    'MODEL_FORMAT_REFUSED',
    `${path} is ${what}. Allowed: a .safetensors file or a diffusers folder. ${todo}`,
    { details: { path, found: what } },
  );
}
