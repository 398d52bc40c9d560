import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { describeExit } from './exit.ts';
import { createUtilityProcessPort, fromParentPort } from './port.ts';
import type { UtilityProcessLike } from './port.ts';

/** As much of Electron's UtilityProcess as the port uses. */
class FakeUtilityProcess extends EventEmitter implements UtilityProcessLike {
  pid: number | undefined;
  readonly stderr = new PassThrough();
  readonly posted: object[] = [];
  killed = false;
  postMessage(message: object): void {
    this.posted.push(message);
  }
  kill(): boolean {
    this.killed = true;
    return true;
  }
}

test('a utility process fits the port: messages both ways, exit code, last words, kill', async () => {
  const child = new FakeUtilityProcess();
  const port = createUtilityProcessPort(child);
  const heard: unknown[] = [];
  port.onMessage((message) => heard.push(message));
  port.onExit((exit) => heard.push(exit));
  expect(port.pid).toBeUndefined();
  child.pid = 42;
  port.post({ type: 'unload', id: 1 });
  child.stderr.write('out of memory\n');
  await new Promise((resolve) => setImmediate(resolve));
  child.emit('message', { type: 'done', id: 1 });
  child.emit('exit', 137);
  port.kill();
  expect(child.posted).toEqual([{ type: 'unload', id: 1 }]);
  expect(heard).toEqual([
    { type: 'done', id: 1 },
    { code: 137, signal: null, lastWords: 'out of memory' },
  ]);
  expect([port.pid, child.killed]).toEqual([42, true]);
});

test('a parentPort unwraps the data of its message events', () => {
  const parent = Object.assign(new EventEmitter(), {
    posted: [] as object[],
    postMessage(message: object) {
      this.posted.push(message);
    },
  });
  const port = fromParentPort(parent);
  const heard: unknown[] = [];
  port.onMessage((message) => heard.push(message));
  parent.emit('message', { data: { id: 3 } });
  port.post({ id: 4 });
  expect(heard).toEqual([{ id: 3 }]);
  expect(parent.posted).toEqual([{ id: 4 }]);
});

describe('describeExit', () => {
  const exit = (code: number | null, signal: string | null) => describeExit({ code, signal, lastWords: '' });

  test('reads a signal from a code of 128 and more', () => {
    expect(exit(137, null)).toMatchObject({
      code: 'ENGINE_DIED',
      details: { signal: 'SIGKILL', exitCode: 137 },
    });
    expect(exit(139, null).message).toContain('SIGSEGV');
  });

  test('tells a plain exit code from a process that never started', () => {
    expect(exit(1, null).message).toContain('exit code 1');
    expect(exit(null, null).message).toContain('could not be started');
  });
});
