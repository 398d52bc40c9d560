import type { Notice } from '#contract/notices/notice.ts';
import type { Candidate, Device, RuntimeChoice, Verdict } from '#contract/runtime.ts';
import { cpuCandidate } from '../runtime.ts';
import { providerTable } from './provider-table.ts';

/** Which devices a job tries, best first; the CPU ends every list. */
export interface Chosen {
  readonly candidates: readonly Candidate[];
  /** What was asked for by name and cannot be. */
  readonly notices: readonly Notice[];
}

/** From what was detected and measured. By itself only what is right and faster than the CPU is chosen. */
export function choose(
  choice: RuntimeChoice,
  devices: readonly Device[],
  verdicts: readonly Verdict[],
): Chosen {
  const cpu = cpuCandidate();
  if (isEightBit(choice)) return { candidates: [{ ...cpu, precision: 'int8' }], notices: [] };
  if (isProcessor(choice)) return { candidates: [cpu], notices: otherPrecision(choice, cpu, []) };
  const isAuto = choice.provider === 'auto';
  const cpuMs = verdictOf(cpu, verdicts)?.passMs ?? Infinity;
  const ways = waysOf(choice, devices).flatMap((way) => {
    if (way.provider === 'cpu') return [];
    const verdict = verdictOf(way, verdicts);
    const passMs = verdict?.passMs ?? Infinity;
    const isAllowed = isAuto ? verdict?.outcome === 'right' && passMs < cpuMs : verdict?.outcome !== 'wrong';
    return isAllowed ? [{ way, passMs, isAsked: way.precision === choice.precision }] : [];
  });
  const candidates = ways
    .toSorted((a, b) => Number(b.isAsked) - Number(a.isAsked) || a.passMs - b.passMs)
    .map(({ way }) => way);
  return { candidates: [...candidates, cpu], notices: noticesOf(choice, devices, verdicts, candidates[0]) };
}

/** Those of a choice's ways that a trial would tell more of. The CPU is tried once there is something to compare with. */
export function untried(
  choice: RuntimeChoice,
  devices: readonly Device[],
  verdicts: readonly Verdict[],
): Candidate[] {
  if (isEightBit(choice)) return [];
  const real = devices.filter(({ problem }) => problem === null);
  const ways = waysOf(choice, real);
  return ways.some(({ provider }) => provider !== 'cpu')
    ? ways.filter((way) => verdictOf(way, verdicts) === undefined)
    : [];
}

/** Whether a choice leads to the CPU whatever else there is. */
export function isProcessor(choice: RuntimeChoice): boolean {
  return choice.provider === 'cpu' || isEightBit(choice);
}

/** 8 bits are asked for by name alone, since the picture is not quite the same; only the CPU has them. */
function isEightBit({ provider, precision }: RuntimeChoice): boolean {
  return precision === 'int8' && (provider === 'auto' || provider === 'cpu');
}

/** Every device and precision that a choice allows, F32 always: it is what is left where F16 is wrong. */
function waysOf({ provider: wanted, precision }: RuntimeChoice, devices: readonly Device[]): Candidate[] {
  return devices.flatMap(({ provider, index, name, problem }) => {
    const isNamed = provider === wanted;
    if (!isNamed && wanted !== 'auto') return [];
    // Software that plays a GPU runs only where it was asked for by name.
    if (problem !== null && !(isNamed && problem.code === 'software')) return [];
    return providerTable[provider].precisions
      .filter((each) => precision !== 'f32' || each === 'f32')
      .map((each) => ({ provider, index, device: name ?? provider, precision: each }));
  });
}

function noticesOf(
  choice: RuntimeChoice,
  devices: readonly Device[],
  verdicts: readonly Verdict[],
  best: Candidate | undefined,
): Notice[] {
  const { provider: wanted } = choice;
  if (wanted === 'auto') return otherPrecision(choice, best ?? cpuCandidate(), verdicts);
  if (best === undefined) {
    const own = devices.filter(({ provider }) => provider === wanted);
    const problem = own.find((each) => each.problem !== null)?.problem ?? null;
    const failed = verdicts.find(({ provider, reason }) => provider === wanted && reason !== null);
    return [
      {
        ...{ code: 'provider-unavailable', provider: wanted, problem: problem?.code ?? null },
        reason: problem?.message ?? failed?.reason ?? null,
      },
    ];
  }
  return otherPrecision(choice, best, verdicts);
}

function otherPrecision(
  { precision }: RuntimeChoice,
  best: Candidate,
  verdicts: readonly Verdict[],
): Notice[] {
  if (precision === 'auto' || best.precision === precision) return [];
  const { provider, precision: used } = best;
  const absent = !providerTable[provider].precisions.includes(precision);
  const reason = verdictOf({ ...best, precision }, verdicts)?.reason ?? null;
  return [{ code: 'precision-unavailable', precision, used, provider, absent, reason }];
}

export function verdictOf(
  { provider, index, precision }: Pick<Candidate, 'provider' | 'index' | 'precision'>,
  verdicts: readonly Verdict[],
): Verdict | undefined {
  return verdicts.find(
    (verdict) => verdict.provider === provider && verdict.index === index && verdict.precision === precision,
  );
}
