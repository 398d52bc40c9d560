import { BugError } from '#contract/errors.ts';
import type { Failure } from '#contract/studio/base.ts';
import type { ModelEntry } from '#contract/studio/models.ts';
import type { Bridge } from '../../bridge.ts';
import { failureOf } from '../../lib/failure.ts';
import type { StudioState } from '../../state/studio.svelte.ts';

/** One file on its way into the list. */
export class Upload {
  readonly name: string;
  readonly sizeBytes: number;
  /** Of the file, sent; null = it is read where it lies, or its turn has not come. */
  share = $state<number | null>(null);
  failure = $state.raw<Failure | null>(null);
  readonly stop = new AbortController();

  constructor(file: File) {
    this.name = file.name;
    this.sizeBytes = file.size;
  }
}

type Take = (file: File, upload: Upload) => Promise<ModelEntry>;

/** Files that were dropped or chosen, one after another: two at once would only halve each other's speed. */
export class Uploads {
  items = $state.raw<readonly Upload[]>([]);
  readonly #take: Take;
  #last: Promise<void> = Promise.resolve();

  constructor(take: Take) {
    this.#take = take;
  }

  add(files: Iterable<File>): Promise<void> {
    for (const file of files) {
      const upload = new Upload(file);
      this.items = [...this.items, upload];
      this.#last = this.#last.then(() => this.#send(file, upload));
    }
    return this.#last;
  }

  /** Cancels what is on its way; what failed is not told any more. */
  dismiss(upload: Upload): void {
    upload.stop.abort();
    this.items = this.items.filter((each) => each !== upload);
  }

  async #send(file: File, upload: Upload): Promise<void> {
    if (upload.stop.signal.aborted) return;
    try {
      await this.#take(file, upload);
      this.dismiss(upload);
    } catch (error) {
      // Cancelled ones are off the list already.
      upload.failure = failureOf(error);
    }
  }
}

const uploads = new WeakMap<StudioState, Uploads>();

/** The uploads of a window go on when the screen is left. */
export function uploadsOf(studio: StudioState, bridge: Bridge): Uploads {
  const known = uploads.get(studio);
  if (known !== undefined) return known;
  const made = new Uploads(async (file, upload) => {
    const path = bridge.pathForFile?.(file);
    if (path !== undefined) return await studio.client.models.addFile({ path });
    if (bridge.uploadModel === undefined) throw new BugError('This window can neither name nor send a file.');
    upload.share = 0;
    return await bridge.uploadModel(file, (share) => (upload.share = share), upload.stop.signal);
  });
  uploads.set(studio, made);
  return made;
}
