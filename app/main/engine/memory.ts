import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';

/** The most memory this process has held, and where the number is from: platforms count differently. */
export interface PeakMemory {
  readonly bytes: number;
  readonly source: string;
}

const statusPath = '/proc/self/status';
const clearRefsPath = '/proc/self/clear_refs';
/** Value that sets the peak back to the present size (Linux, Documentation/filesystems/proc.rst, clear_refs). */
const resetPeak = '5';

/** Starts a new peak. False where the system has no such thing: the peak is then that of the process's whole life. */
export function resetPeakMemory(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    writeFileSync(clearRefsPath, resetPeak);
    return true;
  } catch {
    // Containers may forbid it; the caller says so in the source.
    return false;
  }
}

export function readPeakMemory(wasReset: boolean): PeakMemory {
  const since = wasReset ? 'since the job began' : "over the process's life";
  const kiB = process.platform === 'linux' ? highWaterKiB() : undefined;
  if (kiB !== undefined) return { bytes: kiB * 1024, source: `VmHWM of ${statusPath}, ${since}` };
  // libuv turns every platform's unit into kibibytes.
  return {
    bytes: process.resourceUsage().maxRSS * 1024,
    source: "getrusage maxRSS, over the process's life",
  };
}

function highWaterKiB(): number | undefined {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(statusPath, 'utf8'));
  return line?.[1] === undefined ? undefined : Number(line[1]);
}
