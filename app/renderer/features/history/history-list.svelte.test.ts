import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Generation } from '#contract/studio/generation.ts';
import type { HistoryQuery } from '#contract/studio/history.ts';
import type { StudioClient } from '../../bridge.ts';
import { HistoryList } from './history-list.svelte.ts';
import { Moves } from './moves.ts';
import { generationOf } from './testing.ts';

/** A history of its own: pages by cursor, as the studio's; an answer may be held back. */
class FakeHistory {
  rows: Generation[];
  readonly asked: HistoryQuery[] = [];
  readonly askedRows: string[][] = [];
  hold: ((query: HistoryQuery) => Promise<void>) | undefined;

  constructor(count: number) {
    this.rows = Array.from({ length: count }, (_, i) => generationOf(`g${String(i)}`));
  }

  readonly page = async (query: HistoryQuery) => {
    this.asked.push(query);
    await this.hold?.(query);
    const { filter, cursor, limit } = query;
    const all = this.rows.filter(
      ({ request, deletedAt }) =>
        request.prompt.includes(filter.text ?? '') && (deletedAt !== null) === (filter.deleted ?? false),
    );
    const start = cursor === undefined ? 0 : all.findIndex(({ id }) => id === cursor) + 1;
    const items = all.slice(start, start + limit);
    const isMore = start + limit < all.length;
    return {
      items,
      total: all.length,
      totalExact: true,
      nextCursor: isMore ? (items.at(-1)?.id ?? null) : null,
    };
  };

  readonly many = ({ ids }: { ids: string[] }) => {
    this.askedRows.push(ids);
    return Promise.resolve(this.rows.filter(({ id }) => ids.includes(id)));
  };

  readonly remove = ({ ids }: { ids: string[] }) => this.#setDeleted(ids, 5);
  readonly restore = ({ ids }: { ids: string[] }) => this.#setDeleted(ids, null);

  #setDeleted(ids: string[], deletedAt: number | null): Promise<void> {
    this.rows = this.rows.map((row) => (ids.includes(row.id) ? { ...row, deletedAt } : row));
    return Promise.resolve();
  }

  get client(): StudioClient {
    const { page, many, remove, restore } = this;
    return { history: { page, many, remove, restore } } as object as StudioClient;
  }
}

async function listOf(count: number) {
  const history = new FakeHistory(count);
  const list = new HistoryList(history.client);
  await list.reload();
  return { history, list };
}

describe('pages', () => {
  it('follow one another by their cursor as the end comes near, each row once', async () => {
    const { history, list } = await listOf(250);
    expect(list.ids).toHaveLength(100);
    await list.see(0, 20);
    await list.see(80, 99);
    await list.see(180, 199);
    expect(list.ids).toEqual(history.rows.map(({ id }) => id));
    await list.see(240, 249);
    expect(history.asked.map(({ cursor }) => cursor)).toEqual([undefined, 'g99', 'g199']);
  });

  it('are not asked for twice while one is on its way', async () => {
    const { history, list } = await listOf(250);
    await Promise.all([list.see(90, 99), list.see(91, 99)]);
    expect(history.asked).toHaveLength(2);
  });

  it('of a long history keep the rows near the eye, and are read again by their ids on the way back', async () => {
    const { history, list } = await listOf(3000);
    for (let at = 0; at < 3000; at += 50) await list.see(at, at + 40);
    expect(list.ids).toHaveLength(3000);
    expect(list.rows.size).toBeLessThan(1400);
    expect(list.rows.has('g100')).toBe(false);
    await list.see(90, 110);
    expect(list.rows.get('g100')?.id).toBe('g100');
    expect(history.askedRows.flat()).toContain('g100');
  });
});

describe('an answer to an older question', () => {
  it('never takes the place of a newer one', async () => {
    const { history, list } = await listOf(3);
    const slow = Promise.withResolvers<undefined>();
    history.rows = [generationOf('a', { prompt: 'sun' }), generationOf('b', { prompt: 'sunset' })];
    history.hold = ({ filter }) => (filter.text === 'sun' ? slow.promise : Promise.resolve());
    const older = list.narrow({ text: 'sun' });
    const newer = list.narrow({ text: 'sunset' });
    await newer;
    expect(list.ids).toEqual(['b']);
    slow.resolve(undefined);
    await older;
    expect(list.ids).toEqual(['b']);
    expect(list.loading).toBe(false);
  });

  it('is dropped when it was a further page', async () => {
    const { history, list } = await listOf(250);
    const slow = Promise.withResolvers<undefined>();
    history.hold = ({ cursor }) => (cursor === undefined ? Promise.resolve() : slow.promise);
    const more = list.see(90, 99);
    await list.narrow({ text: 'g24' });
    slow.resolve(undefined);
    await more;
    expect(list.ids).toEqual([
      'g24',
      'g240',
      'g241',
      'g242',
      'g243',
      'g244',
      'g245',
      'g246',
      'g247',
      'g248',
      'g249',
    ]);
  });
});

describe('typing', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('asks once, when the fingers rest', async () => {
    const history = new FakeHistory(30);
    const list = new HistoryList(history.client);
    for (const text of ['g', 'g2', 'g29']) {
      list.type(text);
      await vi.advanceTimersByTimeAsync(50);
    }
    expect(list.choice.text).toBe('g29');
    expect(history.asked).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(history.asked.map(({ filter }) => filter.text)).toEqual(['g29']);
    expect(list.ids).toEqual(['g29']);
  });
});

describe('what comes while the gallery is open', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  async function withOneMore(scrollPx: number) {
    const { history, list } = await listOf(5);
    list.scrollPx = scrollPx;
    const generation = generationOf('new');
    history.rows = [generation, ...history.rows];
    list.hear({ type: 'queue', queue: { paused: false, items: [{ ...generation, state: 'queued' }] } });
    await vi.advanceTimersByTimeAsync(500);
    return list;
  }

  it('stands at the top', async () => {
    const list = await withOneMore(0);
    expect(list.ids[0]).toBe('new');
    expect(list.news).toBe(0);
  });

  it('waits above while the gallery is scrolled, so that nothing jumps', async () => {
    const list = await withOneMore(900);
    expect(list.ids[0]).toBe('g0');
    expect(list.news).toBe(1);
    await list.showNews();
    expect(list.ids[0]).toBe('new');
    expect(list.news).toBe(0);
  });

  it('changes a row where it stands when its picture is finished', async () => {
    const { list } = await listOf(5);
    list.hear({ type: 'finished', generation: { ...generationOf('g3'), state: 'failed' } });
    expect(list.rows.get('g3')?.state).toBe('failed');
    expect(list.ids.indexOf('g3')).toBe(3);
  });

  it('goes when another window deletes it', async () => {
    const { history, list } = await listOf(5);
    await history.remove({ ids: ['g1'] });
    list.hear({ type: 'history', ids: ['g1'] });
    await vi.advanceTimersByTimeAsync(500);
    expect(list.ids).toEqual(['g0', 'g2', 'g3', 'g4']);
    expect(list.total).toBe(4);
  });
});

describe('deleting', () => {
  it('is undone, the last first, each row where it stood', async () => {
    const { list } = await listOf(5);
    const moves = new Moves(list);
    await moves.move(['g1'], 'bin');
    const second = await moves.move(['g3', 'g4'], 'bin');
    expect(second.count).toBe(2);
    expect(list.ids).toEqual(['g0', 'g2']);
    expect(await moves.undoLast()).toBe(true);
    expect(list.ids).toEqual(['g0', 'g2', 'g3', 'g4']);
    expect(await second.undo()).toBe(false);
    expect(await moves.undoLast()).toBe(true);
    expect(list.ids).toEqual(['g0', 'g1', 'g2', 'g3', 'g4']);
    expect(await moves.undoLast()).toBe(false);
  });

  it('leaves the keyboard on what took the place', async () => {
    const { list } = await listOf(3);
    list.selection.choose('g1');
    await list.move(['g1'], 'bin');
    expect(list.selection.focused).toBe('g2');
    await list.move(['g2'], 'bin');
    expect(list.selection.focused).toBe('g0');
  });

  it('can be seen and put back in the bin', async () => {
    const { list } = await listOf(3);
    await list.move(['g1'], 'bin');
    await list.narrow({ deleted: true });
    expect(list.ids).toEqual(['g1']);
    await list.move(['g1'], 'gallery');
    expect(list.ids).toEqual([]);
    expect(list.selection.focused).toBeNull();
  });
});

describe('a failure', () => {
  it('is told, and gone with the next answer', async () => {
    const { history, list } = await listOf(3);
    history.hold = () => Promise.reject(new Error('no answer'));
    await list.reload();
    expect(list.failure?.message).toBe('no answer');
    history.hold = undefined;
    await list.reload();
    expect(list.failure).toBeNull();
  });
});
