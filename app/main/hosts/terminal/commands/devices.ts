import {
  describePlace,
  precisionNames,
  providerNames,
  type Device,
  type Verdict,
} from '#contract/runtime.ts';
import { verdictOf } from '#engine/devices/choose.ts';
import { providerTable } from '#engine/devices/provider-table.ts';
import { dataFolder } from '#main/data-folder.ts';
import { openMachine } from '#main/machine.ts';
import type { Terminal } from '../terminal.ts';

/** Lists what pictures can be made on; with `measure`, tries each anew. */
export async function devicesCommand(measure: boolean, terminal: Terminal): Promise<number> {
  const { devices } = openMachine({ dataFolder: dataFolder(), log: tell(terminal) });
  if (measure) terminal.say('Trying each device; this takes some seconds for each.\n');
  const list = await (measure ? devices.measure() : devices.list());
  if (terminal.isJson) {
    terminal.json({ ok: true, ...list });
    return 0;
  }
  for (const device of list.devices) terminal.write(describeDevice(device, list.verdicts));
  const [best] = list.automatic;
  if (best !== undefined) terminal.write(`auto takes ${describePlace(best)}\n`);
  return 0;
}

export function describeDevice(device: Device, verdicts: readonly Verdict[]): string {
  const { provider, name, memoryBytes, source, problem } = device;
  const { precisions } = providerTable[provider];
  const memory = memoryBytes === null ? '' : `, ${(memoryBytes / 1024 ** 3).toFixed(1)} GiB`;
  const what =
    name === null ? (problem?.message ?? '') : `${name}${memory}${source === null ? '' : ` (${source})`}`;
  const lines = [`${provider.padEnd(7)} ${providerNames[provider]}: ${what}`];
  if (name !== null && problem !== null) lines.push(problem.message);
  for (const precision of name === null ? [] : precisions) {
    const verdict = verdictOf({ ...device, precision }, verdicts);
    if (verdict !== undefined) lines.push(describeVerdict(verdict));
    else if (problem === null)
      lines.push(`${precisionNames[precision]} was not tried yet: "tessera devices --measure"`);
  }
  return `${lines.join('\n        ')}\n`;
}

function describeVerdict({ precision, outcome, passMs, reason }: Verdict): string {
  const name = precisionNames[precision];
  if (outcome === 'right')
    return `${name}: ${(passMs ?? 0).toFixed(0)} ms for the trial's pass, numbers right`;
  return `${name}: ${outcome === 'wrong' ? 'wrong numbers' : 'failed'}. ${reason ?? ''}`;
}

/** What went wrong beside the matter: a verdict that could not be kept. */
export function tell(terminal: Terminal) {
  return (error: unknown): void => {
    terminal.say(`Note: ${error instanceof Error ? error.message : String(error)}\n`);
  };
}
