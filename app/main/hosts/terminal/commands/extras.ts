import type { ExtraProgress, InstalledExtra } from '#engine/extras/cuda.ts';
import { dataFolder } from '#main/data-folder.ts';
import { openMachine } from '#main/machine.ts';
import { catchInterrupts } from '../interrupt.ts';
import type { Terminal } from '../terminal.ts';

export const extraActions = ['install', 'check', 'remove'] as const;
export type ExtraAction = (typeof extraActions)[number];

/** Downloads, checks or removes the files of CUDA. `feed`: a mirror of NuGet. */
export async function extrasCommand(
  action: ExtraAction,
  feed: string | undefined,
  terminal: Terminal,
): Promise<number> {
  const { cuda } = openMachine({ dataFolder: dataFolder(), feed });
  if (action === 'remove') {
    const removed = await cuda.remove();
    if (terminal.isJson) terminal.json({ ok: true, removed });
    else terminal.write(removed ? 'The CUDA extra is removed.\n' : 'The CUDA extra is not installed.\n');
    return 0;
  }
  if (action === 'check') {
    const folder = await cuda.folder();
    const damaged = await cuda.damaged();
    const isSound = folder !== undefined && damaged.length === 0;
    if (terminal.isJson) terminal.json({ ok: isSound, folder: folder ?? null, damaged });
    else terminal.write(describeCheck(folder, damaged));
    return isSound ? 0 : 1;
  }
  const interrupt = catchInterrupts(() => {
    terminal.say('Stopping; nothing is kept.\n');
  });
  const progress = createPercent(terminal);
  try {
    const installed = await cuda.install({ signal: interrupt.signal, onProgress: progress });
    const folder = await cuda.folder();
    if (terminal.isJson) terminal.json({ ok: true, folder, ...installed });
    else terminal.write(describeInstalled(installed, folder ?? ''));
    return 0;
  } finally {
    interrupt.release();
  }
}

/** A line with every tenth part. */
function createPercent(terminal: Terminal): (progress: ExtraProgress) => void {
  let told = '';
  return ({ phase, doneBytes, totalBytes }) => {
    const tenths = Math.floor((10 * doneBytes) / Math.max(1, totalBytes));
    const line = `${phase === 'download' ? 'Downloading' : 'Unpacking'}: ${tenths * 10} % of ${(totalBytes / 1e6).toFixed(0)} MB\n`;
    if (line === told) return;
    told = line;
    terminal.say(line);
  };
}

function describeInstalled({ version, files }: InstalledExtra, folder: string): string {
  return `The CUDA extra ${version} is installed in ${folder}:\n${files
    .map(
      ({ name, sizeBytes, sha256 }) => `  ${name}, ${(sizeBytes / 1e6).toFixed(1)} MB, SHA-256 ${sha256}\n`,
    )
    .join('')}It needs CUDA 12 and cuDNN 9 of NVIDIA on the system. "tessera devices --measure" tries it.\n`;
}

function describeCheck(folder: string | undefined, damaged: readonly string[]): string {
  if (folder === undefined) return 'The CUDA extra is not installed: "tessera extras install cuda".\n';
  return damaged.length === 0
    ? `The CUDA extra in ${folder} is as it was when it was installed.\n`
    : `Changed since they were installed: ${damaged.join(', ')}. "tessera extras remove cuda" and install it again.\n`;
}
