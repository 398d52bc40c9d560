import type { NetPartName, Precision, Provider } from '#contract/runtime.ts';
import { partPrecision, providerTable } from '#engine/devices/provider-table.ts';
import type { RuntimeOptions } from '#engine/session.ts';
import type { parseIoName } from './io-names.ts';

type ParsedName = NonNullable<ReturnType<typeof parseIoName>>;

/** Where a check computes, and in what. */
export interface CheckRuntime {
  readonly provider: Provider;
  readonly precision: Precision;
}

export const cpuRuntime: CheckRuntime = { provider: 'cpu', precision: 'f32' };

/** A part that the provider does not take runs on the CPU, as in a job. */
export function optionsFor(part: NetPartName, { provider, precision }: CheckRuntime): RuntimeOptions {
  if (!providerTable[provider].parts.includes(part)) return {};
  return { provider, precision: partPrecision(part, precision) };
}

/**
 * Of the largest value. In half precision every layer rounds to 11 bits: 2.6e-3 of it were measured. Where tokens are
 * matched, rounding decides some close calls the other way, which 0.22 of it were measured for on weights of chance.
 */
export function toleranceOf({ precision }: CheckRuntime, parsed: ParsedName | undefined): number {
  if (precision === 'f32' || parsed === undefined || !('merging' in parsed)) return 1e-4;
  return parsed.merging === null ? 1e-2 : 0.3;
}
