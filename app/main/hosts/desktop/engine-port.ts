import { utilityProcess } from 'electron';
import { fileURLToPath } from 'node:url';
import {
  createUtilityProcessPort,
  engineEnvironment,
  type EngineEnvironment,
  type EnginePort,
} from '#engine/port.ts';

const entry = fileURLToPath(import.meta.resolve('#main/engine-process.ts'));

/** The engine in a process that Chromium starts and watches. Its stderr is read: what it says last explains its end. */
export function startEngineProcess(env: EngineEnvironment): EnginePort {
  return createUtilityProcessPort(
    utilityProcess.fork(entry, [], {
      serviceName: 'Tessera engine',
      env: engineEnvironment(env),
      stdio: ['ignore', 'ignore', 'pipe'],
      execArgv: [],
    }),
  );
}
