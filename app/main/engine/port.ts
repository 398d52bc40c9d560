import { fork } from 'node:child_process';
import { BugError } from '#contract/errors.ts';

/** How a process of the engine ended. */
export interface EngineExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The end of what it wrote to stderr. */
  readonly lastWords: string;
}

/** The host's end of the line to an engine process. */
export interface EnginePort {
  readonly pid: number | undefined;
  post(message: object): void;
  onMessage(listener: (message: unknown) => void): unknown;
  /** Called once; also when the process could not be started. */
  onExit(listener: (exit: EngineExit) => void): void;
  kill(): unknown;
}

/** The engine process's end. */
export interface ParentPort {
  post(message: object): void;
  onMessage(listener: (message: unknown) => void): unknown;
  /** The host is gone: nobody will hear what comes next. */
  onClose(listener: () => void): unknown;
}

const lastWordsChars = 2000;

/** Environment of the engine's process, over that of the host's. */
export type EngineEnvironment = Readonly<Record<string, string>>;

/**
 * Whole: the host's, and what is set for the engine. glibc's allocator keeps freed blocks of up to 32 MB for itself unless
 * this threshold is set by hand (mallopt(3)): after loading SD 1.5 it kept 0.6 GB of weights that had been laid out anew.
 */
export function engineEnvironment(own: EngineEnvironment): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return { MALLOC_MMAP_THRESHOLD_: String(128 * 1024), ...Object.fromEntries(inherited), ...own };
}

/** An engine in a child process of Node. `serialization: 'advanced'` lets typed arrays travel as they are. */
export function createChildProcessPort(entryPath: string, env: EngineEnvironment = {}): EnginePort {
  const child = fork(entryPath, [], {
    env: engineEnvironment(env),
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const lastWords = collectLastWords(child.stderr);
  let startError: string | undefined;
  child.on('error', (error) => {
    startError = error.message;
  });
  return {
    pid: child.pid,
    post(message) {
      // A message to a process that died meanwhile is dropped: its exit event tells the host.
      if (child.connected) child.send(message, () => undefined);
    },
    onMessage: (listener) => child.on('message', listener),
    onExit(listener) {
      let told = false;
      const tell = (code: number | null, signal: string | null): void => {
        if (told) return;
        told = true;
        listener({ code, signal, lastWords: startError ?? lastWords() });
      };
      child.once('close', tell);
      child.once('error', () => {
        if (child.pid === undefined) tell(null, null);
      });
    },
    kill: () => child.kill('SIGKILL'),
  };
}

function collectLastWords(stderr: NodeJS.ReadableStream | null | undefined): () => string {
  let text = '';
  stderr?.setEncoding('utf8');
  stderr?.on('data', (chunk: string) => {
    text = (text + chunk).slice(-lastWordsChars);
  });
  return () => text.trim();
}

/** The part of Electron's UtilityProcess (utilityProcess.fork) that is used, so that only the desktop needs Electron. */
export interface UtilityProcessLike {
  /** Undefined until the process has come up. */
  readonly pid: number | undefined;
  readonly stderr?: NodeJS.ReadableStream | null;
  postMessage(message: object): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  once(event: 'exit', listener: (code: number) => void): unknown;
  kill(): boolean;
}

export function createUtilityProcessPort(child: UtilityProcessLike): EnginePort {
  const lastWords = collectLastWords(child.stderr);
  return {
    get pid() {
      return child.pid;
    },
    post(message) {
      child.postMessage(message);
    },
    onMessage: (listener) => child.on('message', listener),
    onExit(listener) {
      child.once('exit', (code) => {
        listener({ code, signal: null, lastWords: lastWords() });
      });
    },
    kill: () => child.kill(),
  };
}

/** `process.parentPort` of a utility process. */
export interface ParentPortLike {
  postMessage(message: object): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown;
}

/** The line to whoever started this process: Electron's parentPort, or Node's IPC channel. */
export function connectParent(): ParentPort {
  if ('parentPort' in process && isParentPort(process.parentPort)) return fromParentPort(process.parentPort);
  if (process.send === undefined) {
    throw new BugError(
      'The engine was started without a line to a host. It is not a command: use the terminal host.',
    );
  }
  const send = process.send.bind(process);
  return {
    post(message) {
      if (process.connected) send(message);
    },
    onMessage: (listener) => process.on('message', listener),
    onClose: (listener) => process.on('disconnect', listener),
  };
}

function isParentPort(value: unknown): value is ParentPortLike {
  return typeof value === 'object' && value !== null && 'postMessage' in value && 'on' in value;
}

/** Electron ends its utility processes itself, so no close event is needed there. */
export function fromParentPort(port: ParentPortLike): ParentPort {
  return {
    post(message) {
      port.postMessage(message);
    },
    onMessage(listener) {
      port.on('message', (event) => {
        listener(event.data);
      });
    },
    onClose: () => undefined,
  };
}
