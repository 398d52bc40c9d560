import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { EngineError } from '#contract/errors.ts';
import { ReplySchema, type Command, type Reply } from './protocol.ts';
import { nameOf, type Contender, type Worker } from './worker.ts';

const lastWordsChars = 2000;

/** A worker that speaks bench/protocol.ts over its stdin and stdout. */
export function startWorkerProcess(contender: Contender, program: string, args: readonly string[]): Worker {
  const line = openLine(nameOf(contender), program, args);
  return {
    ...contender,
    async prepare(work, threads) {
      const { provider } = contender;
      return (await line.ask({ do: 'prepare', work, threads, provider }, 'ready')).versions;
    },
    async run(point, saveTo) {
      const { tookMs, stepEndsMs } = await line.ask({ do: 'run', point, saveTo }, 'ran');
      return { tookMs, stepEndsMs };
    },
    async peak() {
      const { bytes, source } = await line.ask({ do: 'peak' }, 'peak');
      return { bytes, source };
    },
    stop: () => line.close(),
  };
}

interface Line {
  ask<T extends Reply['type']>(command: Command, expected: T): Promise<Extract<Reply, { type: T }>>;
  close(): Promise<void>;
}

function openLine(name: string, program: string, args: readonly string[]): Line {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const lastWords = collect(child);
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  let end: string | undefined;
  const died = () =>
    new EngineError('ENGINE_DIED', `The process ended (${end ?? ''}). Its last words: ${lastWords()}`);
  const ended = new Promise<void>((resolve) => {
    const finish = (how: string) => {
      end ??= how;
      for (const { reject } of waiting.splice(0)) reject(died());
      resolve();
    };
    child.once('error', (error) => {
      finish(error.message);
    });
    child.once('close', (code, signal) => {
      finish(signal ?? `exit code ${String(code)}`);
    });
  });
  // Writing to a process that died fails here as well; its end is told above.
  child.stdin.on('error', () => undefined);
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(line));
  return {
    async ask(command, expected) {
      if (end !== undefined) throw died();
      const answer = new Promise<string>((resolve, reject) => waiting.push({ resolve, reject }));
      child.stdin.write(`${JSON.stringify(command)}\n`);
      return expectReply(name, await answer, expected);
    },
    async close() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function expectReply<T extends Reply['type']>(
  name: string,
  line: string,
  expected: T,
): Extract<Reply, { type: T }> {
  const reply = v.parse(ReplySchema, JSON.parse(line));
  if (reply.type === 'failed') throw new EngineError('ENGINE_FAILED', reply.message);
  if (isType(reply, expected)) return reply;
  throw new EngineError('ENGINE_FAILED', `The ${name} worker answered ${reply.type} instead of ${expected}.`);
}

function isType<T extends Reply['type']>(reply: Reply, type: T): reply is Extract<Reply, { type: T }> {
  return reply.type === type;
}

function collect(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8');
  child.stderr?.on('data', (chunk: string) => {
    text = (text + chunk).slice(-lastWordsChars);
  });
  return () => text.trim();
}
