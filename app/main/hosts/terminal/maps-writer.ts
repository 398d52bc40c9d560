import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { JobEvent } from '#contract/engine-protocol.ts';
import type { GenerationRequest } from '#contract/request.ts';
import { assertFolderWritable, claimUnfinished, kindOf, unwritable } from './files.ts';
import { encodeNpy } from '#contract/archive/npy.ts';

type MapsEvent = Extract<JobEvent, { type: 'maps' }>;

interface StepEntry {
  readonly picture: number;
  readonly call: number;
  readonly timestep: number;
  readonly effectiveRatio: number;
  readonly destinations: readonly { gridW: number; gridH: number; rows: number; file: string }[];
  readonly blocks: readonly { block: string; gridW: number; gridH: number; batch: number; file: string }[];
}

export interface MapsIndexPicture {
  readonly picture: number;
  readonly seed: number;
  readonly file: string;
}

const indexName = 'maps.json';
/** Names that this writer makes: an earlier job's are cleared from the folder before this job's are put there. */
const ownName = /^p\d+-c\d+-[\w.-]+\.npy$/;

/** Merge maps of a job as files: gathered beside the folder, put into it when the job is done. docs/usage.md describes them. */
export class MapsWriter {
  readonly #folder: string;
  readonly #staging: { path: string; release: () => void };
  readonly #steps: StepEntry[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
    this.#staging = claimUnfinished(folder);
  }

  /** Throws OUTPUT_UNWRITABLE before anything is computed. */
  static async open(path: string): Promise<MapsWriter> {
    const folder = resolve(path);
    const kind = await kindOf(folder);
    if (kind !== 'missing' && kind !== 'folder')
      throw unwritable(folder, new Error('there is a file of that name'));
    await assertFolderWritable(kind === 'folder' ? folder : dirname(folder), folder);
    return new MapsWriter(folder);
  }

  async add(event: MapsEvent): Promise<void> {
    const { picture, call, timestep, effectiveRatio } = event;
    const stem = `p${picture + 1}-c${String(call).padStart(3, '0')}`;
    const destinations = event.destinations.map(({ gridW, gridH, rows, positions }) => ({
      entry: { gridW, gridH, rows, file: `${stem}-dst.${gridW}x${gridH}.npy` },
      data: encodeNpy(positions, [rows, positions.length / rows]),
    }));
    const blocks = event.blocks.map(({ block, gridW, gridH, batch, map }) => ({
      entry: { block, gridW, gridH, batch, file: `${stem}-${block}.npy` },
      data: encodeNpy(map, [batch, gridW * gridH]),
    }));
    await this.#guard(async () => {
      await mkdir(this.#staging.path, { recursive: true });
      for (const { entry, data } of [...destinations, ...blocks]) {
        await writeFile(join(this.#staging.path, entry.file), data);
      }
    });
    this.#steps.push({
      ...{ picture: picture + 1, call, timestep, effectiveRatio },
      destinations: destinations.map(({ entry }) => entry),
      blocks: blocks.map(({ entry }) => entry),
    });
  }

  /** Writes the index and puts everything in its place. */
  async finish(request: GenerationRequest, pictures: readonly MapsIndexPicture[]): Promise<string> {
    const index = {
      ...{ format: 'tessera-maps', version: 1 },
      ...{ widthPx: request.widthPx, heightPx: request.heightPx, request },
      pictures: pictures.map((entry) => ({ ...entry, picture: entry.picture + 1 })),
      steps: this.#steps,
    };
    await this.#guard(async () => {
      const { path } = this.#staging;
      await mkdir(path, { recursive: true });
      await writeFile(join(path, indexName), `${JSON.stringify(index, null, 1)}\n`);
      if ((await kindOf(this.#folder)) === 'missing') {
        await rename(path, this.#folder);
        return;
      }
      for (const name of await readdir(this.#folder)) {
        if (ownName.test(name)) await rm(join(this.#folder, name));
      }
      for (const name of await readdir(path)) await rename(join(path, name), join(this.#folder, name));
      await rm(path, { recursive: true });
    });
    this.#staging.release();
    return this.#folder;
  }

  /** Removes what was gathered. */
  async abandon(): Promise<void> {
    await rm(this.#staging.path, { recursive: true, force: true });
    this.#staging.release();
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      throw unwritable(this.#folder, cause);
    }
  }
}
