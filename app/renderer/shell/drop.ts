import { StudioError } from '#contract/errors.ts';
import { draftFromInfotext, type InfotextDraft } from '#contract/infotext-draft.ts';
import { parseInfotext } from '#contract/infotext.ts';
import { readPngText } from '#contract/png/text.ts';

export type DropKind = 'picture' | 'tessera' | 'model' | 'other';

export function dropKind(fileName: string): DropKind {
  const extension = fileName.toLowerCase().split('.').at(-1);
  if (extension === 'png') return 'picture';
  if (extension === 'tessera') return 'tessera';
  // .ckpt goes on too: the studio says why it does not open pickles.
  return extension === 'safetensors' || extension === 'ckpt' ? 'model' : 'other';
}

/** The settings in a picture made here, by A1111 or by Forge. Throws PICTURE_UNREADABLE where there are none. */
export function readDroppedPicture(bytes: Uint8Array): InfotextDraft {
  const text = readPngText(bytes).texts.get('parameters');
  if (text === undefined) {
    throw new StudioError(
      'PICTURE_UNREADABLE',
      'The picture carries no settings: it has no “parameters” text. Allowed: PNG files saved by Tessera, A1111 or Forge. Many websites strip the text; try the original file.',
    );
  }
  return draftFromInfotext(parseInfotext(text));
}
