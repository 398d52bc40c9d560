import process from 'node:process';
import { expect, test } from 'vitest';
import { tomesdMerging } from '#contract/request.ts';
import { startWorkerProcess } from './worker-process.ts';

/** A child that answers every line with what `reply` evaluates to. */
const start = (reply: string) =>
  startWorkerProcess({ side: 'tessera', provider: 'cpu' }, process.execPath, [
    '-e',
    `require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => { ${reply} })`,
  ]);
const point = { ratio: 0, fixed: false, step: 0, merging: tomesdMerging };

test('a run gives the time that the worker took', async () => {
  const worker = start(`console.log(JSON.stringify({ type: 'ran', tookMs: 12.5 }))`);
  expect(await worker.run(point)).toEqual({ tookMs: 12.5, stepEndsMs: undefined });
  await worker.stop();
});

test("a worker's failure keeps its words, and the worker goes on", async () => {
  const worker = start(
    `console.log(JSON.stringify(line.includes('peak') ? { type: 'peak', bytes: 1, source: 's' } : { type: 'failed', message: 'no such file' }))`,
  );
  await expect(worker.run(point)).rejects.toThrow('no such file');
  expect(await worker.peak()).toEqual({ bytes: 1, source: 's' });
  await worker.stop();
});

test('a worker that dies fails what was asked, with its last words, and what is asked later', async () => {
  const worker = start(`process.stderr.write('out of everything', () => process.exit(3))`);
  await expect(worker.run(point)).rejects.toThrow(/exit code 3.*out of everything/);
  await expect(worker.peak()).rejects.toThrow('exit code 3');
  await worker.stop();
});

test('a program that is not there is named', async () => {
  const worker = startWorkerProcess({ side: 'torch', provider: 'cpu' }, '/nonexistent/python', []);
  await expect(worker.run(point)).rejects.toThrow('/nonexistent/python');
  await worker.stop();
});

test('an answer to something else is refused', async () => {
  const worker = start(`console.log(JSON.stringify({ type: 'ready', versions: {} }))`);
  await expect(worker.run(point)).rejects.toThrow('answered ready instead of ran');
  await worker.stop();
});
