import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Graphics adapters as the system tells of them, whoever computes on them. */
export interface Adapter {
  readonly name: string;
  readonly memoryBytes: number | null;
  readonly driver: string | null;
  readonly source: string;
}

const drmFolder = '/sys/class/drm';
const vendors = new Map([
  ['0x1002', 'AMD'],
  ['0x10de', 'NVIDIA'],
  ['0x8086', 'Intel'],
]);

/** Linux: cards of sysfs. AMD's driver tells memory and often the product; of the others there are vendor and number. */
export async function linuxAdapters(folder = drmFolder): Promise<Adapter[]> {
  let cards: string[];
  try {
    cards = (await readdir(folder)).filter((name) => /^card\d+$/.test(name)).toSorted();
  } catch {
    // No graphics at all: a server, or a container.
    return [];
  }
  const adapters: Adapter[] = [];
  for (const card of cards) {
    const device = join(folder, card, 'device');
    const read = (name: string) => line(join(device, name));
    const vendor = vendors.get((await read('vendor')) ?? '');
    if (vendor === undefined) continue;
    const product = await read('product_name');
    const vram = await read('mem_info_vram_total');
    adapters.push({
      name: product ?? `${vendor} graphics ${(await read('device')) ?? ''}`.trim(),
      memoryBytes: vram !== undefined && /^\d+$/.test(vram) ? Number(vram) : null,
      driver: (await read('uevent')) ?? null,
      source: device,
    });
  }
  return adapters;
}

async function line(path: string): Promise<string | undefined> {
  try {
    const [first = ''] = (await readFile(path, 'utf8')).split('\n');
    return first.trim() === '' ? undefined : first.trim();
  } catch {
    // Each driver writes its own choice of these files.
    return undefined;
  }
}

/** What systeminformation tells of one controller, as far as it is used. */
export interface Controller {
  readonly model: string;
  /** MiB. */
  readonly vram: number | null;
  readonly driverVersion?: string;
}

/** Windows (WMI) and macOS (system_profiler), by systeminformation. */
export async function systemAdapters(
  read: () => Promise<readonly Controller[]>,
  platform: NodeJS.Platform,
): Promise<Adapter[]> {
  return (await read())
    .filter(({ model }) => model !== '' && !/basic (?:display|render)|remote display|mirage/i.test(model))
    .map(({ model, vram, driverVersion }) => ({
      name: model,
      memoryBytes: vram !== null && vram > 0 ? vram * 1024 ** 2 : null,
      driver: driverVersion ?? null,
      source: platform === 'darwin' ? 'system_profiler' : 'WMI',
    }));
}

export async function readControllers(): Promise<readonly Controller[]> {
  const { graphics } = await import('systeminformation');
  return (await graphics()).controllers;
}
