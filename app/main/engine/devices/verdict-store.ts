import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { VerdictSchema, type Device, type Verdict } from '#contract/runtime.ts';

/** What trials found, by device, driver and version of the runtime: another of these is tried anew. */
const FileSchema = v.object({
  format: v.literal(1),
  verdicts: v.record(v.string(), VerdictSchema),
});
type Kept = v.InferOutput<typeof FileSchema>;

export class VerdictStore {
  readonly #path: string;
  #kept: Kept | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async verdicts(devices: readonly Device[], runtimeVersion: string): Promise<Verdict[]> {
    const { verdicts } = await this.#read();
    return Object.entries(verdicts).flatMap(([key, verdict]) => {
      const device = deviceOf(verdict, devices);
      return device !== undefined && key === keyOf(verdict, device, runtimeVersion) ? [verdict] : [];
    });
  }

  /** One that cannot be written holds for this process; the next one measures again. */
  async keep(
    verdict: Verdict,
    device: Device,
    runtimeVersion: string,
    log: (error: unknown) => void,
  ): Promise<void> {
    (await this.#read()).verdicts[keyOf(verdict, device, runtimeVersion)] = verdict;
    try {
      await this.#write();
    } catch (error) {
      log(error);
    }
  }

  /** A file that is not there, or of another format, holds nothing: it is measured again. */
  async #read(): Promise<Kept> {
    if (this.#kept !== undefined) return this.#kept;
    const parsed = v.safeParse(FileSchema, await readJson(this.#path));
    return (this.#kept = parsed.success ? parsed.output : { format: 1, verdicts: {} });
  }

  async #write(): Promise<void> {
    const partial = `${this.#path}.${process.pid}.partial`;
    await mkdir(dirname(this.#path), { recursive: true });
    await writeFile(partial, `${JSON.stringify(this.#kept, null, 2)}\n`);
    await rename(partial, this.#path);
  }
}

function keyOf(
  { precision }: Verdict,
  { provider, index, rawName, driver }: Device,
  version: string,
): string {
  return [provider, index, rawName ?? '', driver ?? '', precision, version].join('|');
}

export function deviceOf(
  { provider, index }: Pick<Verdict, 'provider' | 'index'>,
  devices: readonly Device[],
) {
  return devices.find((device) => device.provider === provider && device.index === index);
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
}
