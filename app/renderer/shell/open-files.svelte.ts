import { toast } from 'svelte-sonner';
import { readPictureSettings } from '#contract/picture-settings.ts';
import { m } from '../paraglide/messages.js';
import type { Bridge } from '../bridge.ts';
import { failureOf } from '../lib/failure.ts';
import type { StudioState } from '../state/studio.svelte.ts';
import { dropKind } from './drop.ts';

const longMs = 12_000;
const accepted = '.png,.tessera,.safetensors,.ckpt';

/** Files that are dropped on the window or chosen: pictures with settings, .tessera files, checkpoints. */
export class OpenFiles {
  /** A .tessera file that is being looked at. */
  tessera = $state.raw<Uint8Array<ArrayBuffer>>();
  readonly #bridge: Bridge;
  readonly #studio: StudioState;

  constructor(bridge: Bridge, studio: StudioState) {
    this.#bridge = bridge;
    this.#studio = studio;
  }

  /** The same as dropping, for the keyboard. */
  choose(): void {
    const input = document.createElement('input');
    input.type = 'file';
    input.accept = accepted;
    input.multiple = true;
    input.addEventListener('change', () => {
      void this.take([...(input.files ?? [])]);
    });
    input.click();
  }

  /** Checkpoints all, one after the other; of everything else the first. */
  async take(files: readonly File[]): Promise<void> {
    const models = files.filter(({ name }) => dropKind(name) === 'model');
    const [first] = files.filter((file) => !models.includes(file));
    for (const file of first === undefined ? models : [...models, first]) await this.#takeOne(file);
    if (first !== undefined && files.length > models.length + 1)
      toast(m.shell_drop_one({ name: first.name }));
  }

  async #takeOne(file: File): Promise<void> {
    const { name } = file;
    try {
      switch (dropKind(name)) {
        case 'picture':
          await this.#takePicture(file);
          break;
        case 'tessera':
          this.tessera = new Uint8Array(await file.arrayBuffer());
          break;
        case 'model':
          await this.#takeModel(file);
          break;
        case 'other':
          toast.error(m.shell_drop_unknown({ name }), {
            description: m.shell_drop_allowed(),
            duration: longMs,
          });
      }
    } catch (error) {
      toast.error(m.shell_drop_failed({ name }), {
        description: failureOf(error).message,
        duration: longMs,
      });
    }
  }

  async #takePicture(file: File): Promise<void> {
    const { draft, usableModels } = this.#studio;
    const { changes, modelName, unknown } = readPictureSettings(new Uint8Array(await file.arrayBuffer()));
    const before = draft.snapshot();
    const unknownBefore = draft.unknown;
    const model = usableModels.find(({ name }) => name === modelName);
    draft.change({ ...changes, ...(model === undefined ? {} : { modelId: model.id }) });
    draft.unknown = unknown;
    this.#studio.open('make');
    const otherModel = modelName !== undefined && model === undefined;
    toast(m.shell_drop_settings({ name: file.name }), {
      ...(otherModel ? { description: m.shell_drop_other_model({ model: modelName }) } : {}),
      duration: longMs,
      action: {
        label: m.shell_undo(),
        onClick: () => {
          draft.change(before);
          draft.unknown = unknownBefore;
        },
      },
    });
  }

  async #takeModel(file: File): Promise<void> {
    this.#studio.open('models');
    const path = this.#bridge.pathForFile?.(file);
    const entry =
      path === undefined ? await this.#upload(file) : await this.#studio.client.models.addFile({ path });
    await this.#studio.refreshModels();
    if (entry !== undefined) toast.success(m.shell_model_added({ name: entry.name }));
  }

  /** Undefined where the artist stopped it. */
  async #upload(file: File): Promise<{ readonly name: string } | undefined> {
    const stop = new AbortController();
    const say = (share: number): void => {
      toast.loading(m.shell_upload({ name: file.name, percent: Math.floor(share * 100) }), {
        id,
        duration: Number.POSITIVE_INFINITY,
        action: {
          label: m.shell_cancel(),
          onClick: () => {
            stop.abort();
          },
        },
      });
    };
    const id = `upload-${file.name}`;
    say(0);
    try {
      return await this.#bridge.uploadModel?.(file, say, stop.signal);
    } catch (error) {
      if (stop.signal.aborted) return undefined;
      throw error;
    } finally {
      toast.dismiss(id);
    }
  }
}
