import { describe, expect, it } from 'vitest';
import { StudioError } from '#contract/errors.ts';
import type { ModelEntry } from '#contract/studio/models.ts';
import { Uploads, type Upload } from './uploads.svelte.ts';

const file = (name: string) => new File(['x'], name);
const taken = {} as ModelEntry;

describe('uploads', () => {
  it('go one after another, and leave the list when they are in', async () => {
    const began: string[] = [];
    let atOnce = 0;
    const uploads = new Uploads(async ({ name }) => {
      began.push(name);
      expect(++atOnce).toBe(1);
      await Promise.resolve();
      atOnce -= 1;
      return taken;
    });
    await uploads.add([file('a'), file('b')]);
    expect(began).toEqual(['a', 'b']);
    expect(uploads.items).toEqual([]);
  });

  it('that are refused keep the reason, and stop no other', async () => {
    const uploads = new Uploads(({ name }) =>
      name === 'bad'
        ? Promise.reject(new StudioError('MODEL_NOT_A_CHECKPOINT', 'It is a LoRA.'))
        : Promise.resolve(taken),
    );
    await uploads.add([file('bad'), file('good')]);
    expect(uploads.items.map(({ name, failure }) => [name, failure?.message])).toEqual([['bad', 'It is a LoRA.']]);
    const [bad] = uploads.items;
    if (bad !== undefined) uploads.dismiss(bad);
    expect(uploads.items).toEqual([]);
  });

  it('can be cancelled on their way and before their turn', async () => {
    const began: string[] = [];
    const uploads = new Uploads(
      ({ name }, { stop }: Upload) =>
        new Promise((_resolve, reject) => {
          began.push(name);
          stop.signal.addEventListener('abort', () => {
            reject(new StudioError('CANCELLED', 'Cancelled.'));
          });
        }),
    );
    const done = uploads.add([file('going'), file('waiting')]);
    await Promise.resolve();
    const [going, waiting] = uploads.items;
    if (waiting !== undefined) uploads.dismiss(waiting);
    if (going !== undefined) uploads.dismiss(going);
    await done;
    expect(began).toEqual(['going']);
    expect(uploads.items).toEqual([]);
  });
});
