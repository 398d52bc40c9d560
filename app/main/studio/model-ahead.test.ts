import { expect, test } from 'vitest';
import { ModelAhead } from './model-ahead.ts';

function looker(failures = 0) {
  const looked: string[] = [];
  let nowMs = 0;
  const ahead = new ModelAhead(
    (id) => {
      looked.push(id);
      return looked.length <= failures
        ? Promise.reject(new Error('The disk was away.'))
        : Promise.resolve({ path: `/models/${id}` });
    },
    () => nowMs,
  );
  return { ahead, looked, pass: (ms: number) => void (nowMs += ms) };
}

test('what was looked up ahead serves the row, and no other after it', async () => {
  const { ahead, looked } = looker();
  ahead.begin('a');
  expect(await ahead.take('a')).toEqual({ path: '/models/a' });
  expect(looked).toEqual(['a']);
  await ahead.take('a');
  expect(looked).toEqual(['a', 'a']);
});

test('another model is looked up on its own', async () => {
  const { ahead, looked } = looker();
  ahead.begin('a');
  expect(await ahead.take('b')).toEqual({ path: '/models/b' });
  expect(looked).toEqual(['a', 'b']);
});

test('what was found long ago is looked up anew', async () => {
  const { ahead, looked, pass } = looker();
  ahead.begin('a');
  pass(2001);
  await ahead.take('a');
  expect(looked).toEqual(['a', 'a']);
});

test('a failure ahead is not the row’s: its own look counts', async () => {
  const once = looker(1);
  once.ahead.begin('a');
  expect(await once.ahead.take('a')).toEqual({ path: '/models/a' });
  const twice = looker(2);
  twice.ahead.begin('a');
  await expect(twice.ahead.take('a')).rejects.toThrow('The disk was away.');
});
