import { execFile } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { EngineError } from '#contract/errors.ts';
import { startEngineWorker } from './engine-worker.ts';
import type { Work } from './protocol.ts';
import { startWorkerProcess } from './worker-process.ts';
import type { Contender, Worker } from './worker.ts';

const ourWorker = join(import.meta.dirname, 'tessera', 'worker.ts');
const peersFolder = join(import.meta.dirname, 'peers');
const peerModules = ['torch', 'diffusers', 'tomesd', 'transformers', 'safetensors'];

/** Whole pictures of ours come from the engine as the studio runs it; everything else from a worker of the benchmark. */
export function startSide(contender: Contender, kind: Work['kind'], python: string): Worker {
  if (contender.side === 'torch')
    return startWorkerProcess(contender, python, [join(peersFolder, 'peer.py')]);
  return kind === 'pictures'
    ? startEngineWorker(contender.provider)
    : startWorkerProcess(contender, process.execPath, [ourWorker]);
}

/** Throws ENGINE_FAILED, saying how to install them, when the peers' packages are not there. */
export async function assertPeers(python: string): Promise<void> {
  const probe = `import importlib.util as u; print(",".join(m for m in "${peerModules.join(' ')}".split() if u.find_spec(m) is None))`;
  const how = `Install them into an environment of their own and name its Python:\n  python3 -m venv .venv && .venv/bin/pip install -r bench/peers/requirements.txt\n  npm run bench -- --peers --python .venv/bin/python\n(or set TESSERA_PYTHON).`;
  let missing: string;
  try {
    missing = (await promisify(execFile)(python, ['-c', probe])).stdout.trim();
  } catch (cause) {
    throw new EngineError('ENGINE_FAILED', `The peers need Python, but ${python} could not be run. ${how}`, {
      cause,
    });
  }
  if (missing !== '')
    throw new EngineError('ENGINE_FAILED', `${python} lacks ${missing}, which the peers need. ${how}`);
}
