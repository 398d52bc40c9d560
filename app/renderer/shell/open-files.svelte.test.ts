import { afterEach, describe, expect, it, vi } from 'vitest';
import { toast } from 'svelte-sonner';
import { StudioState } from '../state/studio.svelte.ts';
import { createFakeBridge } from '../state/testing.ts';
import { OpenFiles } from './open-files.svelte.ts';

function open(...answers: Parameters<typeof createFakeBridge>) {
  const fake = createFakeBridge(...answers);
  const studio = new StudioState(fake.bridge);
  return { ...fake, studio, files: new OpenFiles(fake.bridge, studio) };
}
const said = (): unknown[] => toast.getActiveToasts().map(({ title }) => title);

afterEach(() => {
  toast.dismiss();
});

describe('OpenFiles', () => {
  it('refuses what it does not know, and changes nothing', async () => {
    const { files, studio } = open();
    const before = studio.draft.snapshot();
    await files.take([new File(['hello'], 'notes.txt')]);
    expect(said()).toContain('“notes.txt” cannot be opened here');
    expect(studio.draft.snapshot()).toEqual(before);
    expect(studio.screen).toBe('make');
  });

  it('says why a picture cannot be read, and keeps the form', async () => {
    const { files, studio } = open();
    studio.draft.change({ prompt: 'mine' });
    await files.take([new File(['not a picture'], 'broken.PNG')]);
    expect(said()).toContain('“broken.PNG” could not be read');
    expect(studio.draft.current.prompt).toBe('mine');
  });

  it('opens a .tessera file in the viewer', async () => {
    const { files } = open();
    await files.take([new File([new Uint8Array([1, 2, 3])], 'a.tessera')]);
    expect(files.tessera).toEqual(new Uint8Array([1, 2, 3]));
  });

  it('gives the desktop the path of a checkpoint and sends none', async () => {
    const { bridge, studio, asked } = open({ 'models.addFile': () => ({ name: 'Mine' }) });
    const upload = vi.fn<NonNullable<typeof bridge.uploadModel>>();
    const desktop = { ...bridge, pathForFile: () => '/models/mine.safetensors', uploadModel: upload };
    await new OpenFiles(desktop, studio).take([new File([], 'mine.safetensors')]);
    expect(asked).toContainEqual({ path: 'models.addFile', input: { path: '/models/mine.safetensors' } });
    expect(upload).not.toHaveBeenCalled();
    expect(studio.screen).toBe('models');
  });

  it('takes all checkpoints, and of everything else the first', async () => {
    const { bridge, studio } = open();
    const sent: string[] = [];
    const browser = {
      ...bridge,
      uploadModel: ({ name }: File) => {
        sent.push(name);
        return Promise.reject(new Error('refused by the test'));
      },
    };
    const files = new OpenFiles(browser, studio);
    const names = ['a.safetensors', 'first.tessera', 'b.ckpt', 'second.tessera'];
    await files.take(names.map((name) => new File([name], name)));
    expect(sent).toEqual(['a.safetensors', 'b.ckpt']);
    expect(new TextDecoder().decode(files.tessera)).toBe('first.tessera');
  });
});
