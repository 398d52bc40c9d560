import { runCommand, type RunCommand } from './command.ts';

/** NVIDIA's own tool, read strictly: a line that is not as documented makes the whole answer unusable, and says which. */

export interface NvidiaGpu {
  /** In the order of the PCI bus, as with CUDA_DEVICE_ORDER=PCI_BUS_ID. */
  readonly index: number;
  readonly uuid: string;
  readonly name: string;
  readonly driver: string;
  /** Null where the driver does not tell, as for some integrated ones. */
  readonly totalBytes: number | null;
  readonly usedBytes: number | null;
}

/** What one process holds on one GPU. */
export interface NvidiaProcess {
  readonly uuid: string;
  readonly pid: number;
  /** Null where the driver does not tell, as on Windows' WDDM. */
  readonly usedBytes: number | null;
}

export type NvidiaAnswer<T> =
  | { readonly state: 'done'; readonly rows: readonly T[] }
  /** No such tool: no driver of NVIDIA here. */
  | { readonly state: 'absent' }
  | { readonly state: 'failed'; readonly reason: string };

const gpuFields = ['index', 'uuid', 'name', 'driver_version', 'memory.total', 'memory.used'];
const processFields = ['gpu_uuid', 'pid', 'used_memory'];
/** It answers in 20 to 300 ms where the driver is awake, and in up to 3 s where it first has to wake a card. */
const limitMs = 5000;

export async function listNvidiaGpus(run: RunCommand = runCommand): Promise<NvidiaAnswer<NvidiaGpu>> {
  return query(run, 'gpu', gpuFields, ([index = '', uuid = '', name = '', driver = '', total, used]) =>
    /^\d+$/.test(index) && isUuid(uuid) && name !== '' && driver !== ''
      ? { ...{ uuid, name, driver }, index: Number(index), ...memory(total, used) }
      : undefined,
  );
}

export async function listNvidiaProcesses(
  run: RunCommand = runCommand,
): Promise<NvidiaAnswer<NvidiaProcess>> {
  return query(run, 'compute-apps', processFields, ([uuid = '', pid = '', used]) =>
    isUuid(uuid) && /^\d+$/.test(pid) ? { uuid, pid: Number(pid), usedBytes: toBytes(used) } : undefined,
  );
}

async function query<T>(
  run: RunCommand,
  what: string,
  fields: readonly string[],
  read: (cells: readonly string[]) => T | undefined,
): Promise<NvidiaAnswer<T>> {
  const args = [`--query-${what}=${fields.join(',')}`, '--format=csv,noheader,nounits'];
  const result = await run('nvidia-smi', args, limitMs);
  if (result.state !== 'done') return result;
  const lines = result.output.split(/\r?\n/).filter((line) => line.trim() !== '');
  const rows: T[] = [];
  for (const line of lines) {
    const cells = line.split(',').map((cell) => cell.trim());
    const row = cells.length === fields.length ? read(cells) : undefined;
    if (row === undefined) {
      // With no GPU at all it ends well and says so in prose.
      if (/^no devices were found$/i.test(line.trim())) return { state: 'done', rows: [] };
      return { state: 'failed', reason: `nvidia-smi printed ${quote(line)} instead of ${fields.join(', ')}` };
    }
    rows.push(row);
  }
  return { state: 'done', rows };
}

const MiB = 1024 ** 2;

function memory(total: string | undefined, used: string | undefined) {
  return { totalBytes: toBytes(total), usedBytes: toBytes(used) };
}

/** Plain mebibytes; anything else ("[N/A]", "[Not Supported]") is not told. */
function toBytes(cell: string | undefined): number | null {
  return cell !== undefined && /^\d+$/.test(cell) ? Number(cell) * MiB : null;
}

function isUuid(text: string): boolean {
  return /^(?:GPU|MIG)-[0-9a-f-]{8,}$/i.test(text);
}

const quotedChars = 60;

function quote(line: string): string {
  return JSON.stringify(line.length > quotedChars ? `${line.slice(0, quotedChars)}…` : line);
}
