import { EngineError } from '#contract/errors.ts';
import type { Notice } from '#contract/notices/notice.ts';
import { netParts, type Candidate, type NetPartName } from '#contract/runtime.ts';
import type { RuntimeReport } from '#contract/runtime-report.ts';
import { systemCpuName, tidyDeviceName } from './devices/device-names.ts';
import { partPrecision, providerTable } from './devices/provider-table.ts';
import type { RuntimeOptions } from './session.ts';

export function cpuCandidate(): Candidate {
  return { provider: 'cpu', index: 0, device: tidyDeviceName(systemCpuName()), precision: 'f32' };
}

/** What a device was asked to hold at least, what is free there, and who told. */
export type TooSmall = Pick<
  Extract<Notice, { code: 'device-too-small' }>,
  'neededBytes' | 'freeBytes' | 'source'
>;

/** Where the nets of a model run: the first candidate that works. What is given up is told, and why. */
export class Runtime {
  readonly candidates: readonly Candidate[];
  readonly #cpu = cpuCandidate();
  readonly #used = new Map<NetPartName, Candidate>();
  #moved = false;
  readonly #given: readonly Notice[];
  #notices: Notice[];
  #tell: (notice: Notice) => void = () => undefined;
  #at = 0;
  /** Too small for this job, with what was said of it. */
  readonly #refused = new Map<Candidate, Notice>();
  /** Memory may be free again at the next job; what failed otherwise will fail again. */
  #onlyMemoryRanOut = true;

  /** `given`: what was already known not to be possible. */
  constructor(candidates: readonly Candidate[] = [], given: readonly Notice[] = []) {
    this.#given = given;
    this.#notices = [...given];
    const isCpuLast = candidates.at(-1)?.provider === 'cpu';
    this.candidates = isCpuLast ? candidates : [...candidates, this.#cpu];
  }

  /**
   * Where the U-Net of another job like the last one begins. A device too small for the last one is left out: it would be
   * refused again. One that takes less memory may begin there after all, which is told once its memory is planned.
   */
  next(): Candidate {
    const candidate = this.candidates[this.#firstFrom(this.#beginsAnew() ? 0 : this.#at)] ?? this.#cpu;
    return { ...candidate };
  }

  #beginsAnew(): boolean {
    return this.#at > 0 && this.#onlyMemoryRanOut;
  }

  /** A new job, which hears of every device that is given up. True where it begins anew with the first one. */
  begin(tell: (notice: Notice) => void): boolean {
    this.#tell = tell;
    this.#used.clear();
    this.#moved = false;
    const anew = this.#beginsAnew();
    if (anew) {
      this.#at = 0;
      this.#notices = [...this.#given];
    }
    this.#given.forEach(tell);
    return anew;
  }

  /** Where this part runs now. */
  place(part: NetPartName): Candidate {
    const candidate = this.candidates[this.#current()] ?? this.#cpu;
    if (!providerTable[candidate.provider].parts.includes(part)) return this.#cpu;
    return { ...candidate, precision: partPrecision(part, candidate.precision) };
  }

  options(part: NetPartName): RuntimeOptions {
    const { provider, index, precision } = this.place(part);
    return { provider, deviceIndex: index, precision };
  }

  /** To be said of each part that did its work, so that the report tells what was, not what was meant. */
  ran(part: NetPartName): void {
    const place = this.place(part);
    const before = this.#used.get(part);
    if (part === 'unet' && before !== undefined)
      this.#moved ||= JSON.stringify(before) !== JSON.stringify(place);
    this.#used.set(part, place);
  }

  /** Goes on to the next candidate after this failure of a part. False where there is none that could help. */
  fallBack(part: NetPartName, error: unknown): boolean {
    const failed = this.place(part);
    if (!(error instanceof EngineError) || failed.provider === 'cpu') return false;
    const at = this.#current();
    const next = this.candidates.findIndex(
      (candidate, i) =>
        i > at &&
        !this.#refused.has(candidate) &&
        (!isDeviceSpent(error) || !isSameDevice(candidate, failed)),
    );
    const candidate = this.candidates[next];
    if (candidate === undefined) return false;
    this.#at = next;
    this.#onlyMemoryRanOut &&= error.code === 'ENGINE_OUT_OF_MEMORY';
    const { code, message } = error;
    const reason = firstLine(message);
    const notice: Notice = { code: 'device-failed', from: failed, to: { ...candidate }, error: code, reason };
    this.#notices.push(notice);
    this.#tell(notice);
    return true;
  }

  #current(): number {
    return this.#firstFrom(this.#at);
  }

  #firstFrom(start: number): number {
    return this.candidates.findIndex((candidate, i) => i >= start && !this.#refused.has(candidate));
  }

  /** Before a job is planned: what was too small for the last one may do. */
  reconsider(): void {
    this.#refused.clear();
  }

  /** Leaves the present candidate out of this job, before anything of it is loaded. */
  refuse(reason: TooSmall): void {
    const at = this.#current();
    const refused = this.candidates[at];
    if (refused === undefined) return;
    const to = this.candidates[this.#firstFrom(at + 1)] ?? this.#cpu;
    const notice: Notice = { code: 'device-too-small', from: { ...refused }, to: { ...to }, ...reason };
    this.#refused.set(refused, notice);
    this.#tell(notice);
  }

  /** Where each part is to run. */
  plan(): RuntimeReport {
    return this.#report((part) => this.place(part));
  }

  /** Where each part last ran; of one that did not run in this job, where it would. */
  report(): RuntimeReport {
    return this.#report((part) => this.#used.get(part) ?? this.place(part));
  }

  #report(where: (part: NetPartName) => Candidate): RuntimeReport {
    return {
      parts: netParts.map((part) => ({ part, ...where(part) })),
      notices: [...this.#notices, ...this.#refused.values()],
      ...(this.#moved ? { moved: true } : {}),
    };
  }
}

/** Lost, or full: the same device in another precision would fare no better. */
function isDeviceSpent({ code, message }: EngineError): boolean {
  return code === 'ENGINE_OUT_OF_MEMORY' || /device\W+(?:is |was )?(?:lost|removed|hung)/i.test(message);
}

function isSameDevice(a: Candidate, b: Candidate): boolean {
  return a.provider === b.provider && a.index === b.index;
}

const noticeChars = 240;

function firstLine(text: string): string {
  const line = (text.split('\n')[0] ?? '').trim();
  const short = line.length > noticeChars ? `${line.slice(0, noticeChars)}…` : line;
  return /[.!?…]$/.test(short) ? short : `${short}.`;
}
