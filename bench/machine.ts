import { readFileSync } from 'node:fs';
import { detectDevices, thisMachine } from '#engine/devices/detect.ts';
import { runtimeBackends } from '#engine/session.ts';
import { availableParallelism, cpus, freemem, platform, release, totalmem } from 'node:os';

const GIB = 2 ** 30;

/** Cores without their second threads: what onnxruntime uses, so the peers get as many. Only Linux tells. */
export function physicalCores(): number {
  if (platform() !== 'linux') return availableParallelism();
  const cores = new Set(
    readFileSync('/proc/cpuinfo', 'utf8')
      .split('\n\n')
      .map(
        (entry) =>
          `${/^physical id\s*: (\d+)$/m.exec(entry)?.[1] ?? ''}/${/^core id\s*: (\d+)$/m.exec(entry)?.[1] ?? ''}`,
      )
      .filter((core) => core !== '/'),
  );
  return Math.min(cores.size === 0 ? Infinity : cores.size, availableParallelism());
}

/** What a machine is, in words, by what is told of it. */
export type Machine = Readonly<Record<string, string>>;

/** Free memory comes and goes; everything else makes it another machine. */
export function isSameMachine(a: Machine, b: Machine): boolean {
  return machineName(a) === machineName(b);
}

export function machineName({ processor, cores, graphics, system }: Machine): string {
  return [processor, cores, graphics, system].join(', ');
}

/** A graphics card, where the devices' own search finds one; a processor that plays one is none. */
async function describeGraphics(): Promise<Machine> {
  const devices = await detectDevices(thisMachine(), runtimeBackends().names, true);
  const card = devices.find(
    ({ provider, name, problem }) => provider !== 'cpu' && name !== null && problem?.code !== 'software',
  );
  return card === undefined || card.name === null ? {} : { graphics: card.name };
}

export async function describeMachine(): Promise<Machine> {
  const flags = platform() === 'linux' ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  const widest = flags.includes(' avx512f ') ? ', AVX-512' : flags.includes(' avx2 ') ? ', AVX2' : '';
  return {
    processor: `${cpus()[0]?.model.trim() ?? 'unknown'}${widest}`,
    cores: String(physicalCores()),
    ...(await describeGraphics()),
    memory: `${(totalmem() / GIB).toFixed(1)} GiB (${(freemem() / GIB).toFixed(1)} free)`,
    system: `${platform()} ${release()}`,
  };
}
