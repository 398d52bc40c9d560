import { describe, expect, it } from 'vitest';
import { Selection } from './selection.svelte.ts';

const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
const selection = () => new Selection(() => ids);
const chosen = ({ chosen: all }: Selection) => [...all].sort().join('');

describe('choosing', () => {
  it('takes one by a click, more with Ctrl, and a range with Shift', () => {
    const it = selection();
    it.choose('b');
    it.choose('d', 'toggle');
    expect(chosen(it)).toBe('bd');
    it.choose('d', 'toggle');
    expect(chosen(it)).toBe('b');
    it.choose('c');
    it.choose('e', 'range');
    expect(chosen(it)).toBe('cde');
    // The range turns round where it began.
    it.choose('a', 'range');
    expect(chosen(it)).toBe('abc');
  });

  it('goes by the arrows, to the ends and no further', () => {
    const it = selection();
    expect(it.step(1)).toBe(0);
    expect(it.step(2)).toBe(2);
    expect(it.step(-5)).toBe(0);
    expect(it.step(Infinity)).toBe(5);
    it.step(-1, true);
    it.step(-1, true);
    expect(chosen(it)).toBe('def');
    expect(it.focused).toBe('d');
    it.one();
    expect(chosen(it)).toBe('d');
    it.all();
    expect(chosen(it)).toBe('abcdef');
  });

  it('has nothing to go to in an empty gallery', () => {
    expect(new Selection(() => []).step(1)).toBeUndefined();
  });

  it('lets go of what is not shown any more', () => {
    const it = selection();
    it.choose('a');
    it.chosen.add('gone');
    it.keepShown();
    expect(chosen(it)).toBe('a');
    it.focused = 'gone';
    it.keepShown();
    expect(it.focused).toBe('a');
  });
});
