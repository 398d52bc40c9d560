/** Replaces a part of a field's text so that the field's own undo knows of it. */
export function insertText(
  field: HTMLTextAreaElement | HTMLInputElement,
  text: string,
  start: number,
  end: number,
): void {
  field.focus();
  field.setSelectionRange(start, end);
  // Nothing else writes into the undo history of a field.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  if (document.execCommand('insertText', false, text)) return;
  field.setRangeText(text, start, end, 'end');
  field.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: 'insertReplacementText' }));
}
