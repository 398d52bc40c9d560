import { given, readArguments, wholeNumber } from '../command-options.ts';

export interface OverlayOptions {
  readonly frames: number;
  /** 0: memory is not measured. */
  readonly pictures: number;
  /** Archives that are written and opened in turn. */
  readonly files: number;
}

export const usage = `The overlay at 128×128 tokens, in a real browser: frames a second while scrubbing, and memory over many pictures.

  node bench/overlay/overlay.ts [options]     after \`vite build\`

  --frames N     scrubbed in each mode (600)
  --pictures N   opened one after another; 0 leaves memory out (200)
  --files N      archives that they are taken from (6)
`;

const known = {
  frames: { type: 'string' },
  pictures: { type: 'string' },
  files: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Reads the command line; undefined when help was asked for. Throws REQUEST_INVALID. */
export function readOverlayOptions(args: readonly string[]): OverlayOptions | undefined {
  const values = readArguments(args, known, usage);
  if (values.help === true) return undefined;
  return {
    frames: given(values.frames, '--frames', wholeNumber(1)) ?? 600,
    pictures: given(values.pictures, '--pictures', wholeNumber(0)) ?? 200,
    files: given(values.files, '--files', wholeNumber(1)) ?? 6,
  };
}
