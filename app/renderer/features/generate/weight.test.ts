import { describe, expect, it } from 'vitest';
import { changeWeight } from './weight.ts';

function apply(text: string, from: number, to: number, direction: 1 | -1) {
  const edit = changeWeight(text, from, to, direction);
  if (edit === undefined) return undefined;
  const after = text.slice(0, edit.start) + edit.replacement + text.slice(edit.end);
  return { after, selected: after.slice(edit.selectionStart, edit.selectionEnd) };
}

describe('changeWeight', () => {
  it('weighs the word at the caret', () => {
    expect(apply('a red sun', 3, 3, 1)).toEqual({ after: 'a (red:1.1) sun', selected: 'red' });
    expect(apply('a red sun', 3, 3, -1)).toEqual({ after: 'a (red:0.9) sun', selected: 'red' });
  });

  it('goes on from the weight that is there, and back to none', () => {
    expect(apply('a (red:1.1) sun', 4, 4, 1)?.after).toBe('a (red:1.2) sun');
    expect(apply('a (red:1.1) sun', 3, 6, -1)?.after).toBe('a red sun');
    expect(apply('a (red:1.1) sun', 8, 8, 1)?.after).toBe('a (red:1.2) sun');
  });

  it('weighs a selection without the spaces at its ends', () => {
    expect(apply('a red sun dusk', 1, 10, 1)?.after).toBe('a (red sun:1.1) dusk');
    expect(apply('(red sun:1.25)', 0, 14, 1)?.after).toBe('(red sun:1.35)');
  });

  it('stays between 0 and 2', () => {
    expect(apply('(red:2)', 2, 2, 1)?.after).toBe('(red:2)');
    expect(apply('(red:0)', 2, 2, -1)?.after).toBe('(red:0)');
  });

  it('does nothing where there is no word', () => {
    expect(apply('a ,  b', 3, 3, 1)).toBeUndefined();
    expect(apply('   ', 0, 3, 1)).toBeUndefined();
  });

  it('returns to the text it came from after as many steps back', () => {
    let text = 'blue mountains';
    for (const direction of [1, 1, 1, -1, -1, -1] as const) text = apply(text, 2, 2, direction)?.after ?? '';
    expect(text).toBe('blue mountains');
  });
});
