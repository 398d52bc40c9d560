import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { StudioError } from '#contract/errors.ts';
import {
  autoRuntime,
  providers,
  type Candidate,
  type Device,
  type RuntimeChoice,
  type Verdict,
} from '#contract/runtime.ts';
import { createEngine } from '../host.ts';
import type { EnginePort } from '../port.ts';
import { choose, isProcessor, untried, type Chosen } from './choose.ts';
import { detectDevices, thisMachine, type Machine } from './detect.ts';
import { deviceOf, VerdictStore } from './verdict-store.ts';

/** The devices of this machine: found, tried, and chosen from. */
export interface Devices {
  /** Looks again each time: a driver or an extra may have come. */
  list(): Promise<DeviceList>;
  /** Where a job should run, best first; tries first what was never tried. */
  choose(choice: RuntimeChoice): Promise<Chosen>;
  /** Tries everything anew, also what has a verdict. */
  measure(): Promise<DeviceList>;
}

export interface DeviceList {
  readonly devices: readonly Device[];
  readonly verdicts: readonly Verdict[];
  /** What `auto` would take, best first. */
  readonly automatic: readonly Candidate[];
}

export interface DevicesOptions {
  /** Each trial has a process of its own: a driver may take it down with it. */
  readonly startPort: () => EnginePort;
  /** Where verdicts are kept. */
  readonly file: string;
  readonly hasCudaExtra: () => Promise<boolean>;
  readonly machine?: Machine;
  readonly trialLimitMs?: number;
  readonly log?: (error: unknown) => void;
}

/** A card that needs longer for four small passes, kernels compiled, is slower than the CPU beside it. */
const defaultTrialLimitMs = 30_000;

export function createDevices(options: DevicesOptions): Devices {
  const { hasCudaExtra, machine = thisMachine(), log = () => undefined } = options;
  const version = installedVersion();
  const store = new VerdictStore(options.file);
  /** Looking costs up to 0.3 s, and a job must not wait for it each time. */
  const chosen = new Map<string, Promise<Chosen>>();
  let backends: Promise<readonly string[]> | undefined;
  /** Trials and detection one after another, whoever asks. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn;
    return turn;
  };
  const tryAll = async (ways: readonly Candidate[], devices: readonly Device[]) => {
    for (const way of ways) {
      const device = deviceOf(way, devices);
      if (device !== undefined) await store.keep(await tryOne(way, options), device, version, log);
    }
  };
  const findNow = async (): Promise<Device[]> => {
    chosen.clear();
    const names = await (backends ??= askBackends(options));
    return await detectDevices(machine, names, await hasCudaExtra());
  };
  const describe = async (devices: readonly Device[]): Promise<DeviceList> => {
    const verdicts = await store.verdicts(devices, version);
    return { devices, verdicts, automatic: choose(autoRuntime, devices, verdicts).candidates };
  };
  const chooseNow = async (choice: RuntimeChoice): Promise<Chosen> => {
    // The runtime need not be asked what it brings: one that lacks a provider fails its trial.
    const devices = await detectDevices(machine, providers, await hasCudaExtra());
    await tryAll(untried(choice, devices, await store.verdicts(devices, version)), devices);
    return choose(choice, devices, await store.verdicts(devices, version));
  };
  return {
    list: () => inTurn(async () => await describe(await findNow())),
    choose(choice) {
      // Nothing to look for, and no trial of another choice to wait for.
      if (isProcessor(choice)) return Promise.resolve(choose(choice, [], []));
      const key = `${choice.provider} ${choice.precision}`;
      const known = chosen.get(key) ?? inTurn(() => chooseNow(choice));
      chosen.set(key, known);
      // Who asked hears of the failure; who asks later is answered anew.
      known.catch(() => chosen.delete(key));
      return known;
    },
    measure: () =>
      inTurn(async () => {
        const devices = await findNow();
        await tryAll(untried(autoRuntime, devices, []), devices);
        chosen.clear();
        return await describe(devices);
      }),
  };
}

/** In a process of its own and within a time: a driver that crashes or hangs is a verdict, too. */
async function tryOne(candidate: Candidate, options: DevicesOptions): Promise<Verdict> {
  const limitMs = options.trialLimitMs ?? defaultTrialLimitMs;
  const engine = createEngine({ startPort: options.startPort });
  const stop = new AbortController();
  const failed = (reason: string): Verdict => {
    const { provider, index, precision } = candidate;
    const nothing = { outcome: 'failed', passMs: null, error: null } as const;
    return { ...{ provider, index, precision, measuredAt: Date.now() }, ...nothing, reason };
  };
  const trial = engine.trial(candidate).then(
    ({ verdict, software }) =>
      software && verdict.provider === 'webgpu'
        ? {
            ...verdict,
            outcome: 'failed' as const,
            reason: 'Software renders here: no graphics card answered.',
          }
        : verdict,
    (error: unknown) => {
      if (error instanceof StudioError) return failed(error.message);
      throw error;
    },
  );
  const late = wait(limitMs, failed(`It gave no result within ${limitMs / 1000} s.`), {
    signal: stop.signal,
  });
  try {
    // The loser of the race is ended below and its end is of no interest any more.
    late.catch(() => undefined);
    return await Promise.race([trial, late]);
  } finally {
    stop.abort();
    await engine.dispose();
  }
}

async function askBackends({ startPort }: DevicesOptions): Promise<readonly string[]> {
  const engine = createEngine({ startPort });
  try {
    return (await engine.backends()).names;
  } finally {
    await engine.dispose();
  }
}

function installedVersion(): string {
  // Read, not imported: the runtime is loaded in the engine's process alone.
  const path = import.meta.resolve('onnxruntime-node/package.json');
  const { version } = JSON.parse(readFileSync(new URL(path), 'utf8')) as { version: string };
  return version;
}
