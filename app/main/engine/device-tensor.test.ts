import { expect, test } from 'vitest';
import { BugError } from '#contract/errors.ts';
import { DeviceTensor, LostTensorError, tensorsOnDevices } from './device-tensor.ts';

test('is given back once, and counted until then', () => {
  const before = tensorsOnDevices();
  let given = 0;
  const tensor = new DeviceTensor([2, 3], 'webgpu 0', () => given++);
  expect([tensor.isGone, tensorsOnDevices() - before]).toEqual([false, 1]);
  tensor.dispose();
  tensor.dispose();
  expect([tensor.isGone, tensorsOnDevices() - before, given]).toEqual([true, 0, 1]);
});

test('is usable on its own device, and as long as it lies there', () => {
  const tensor = new DeviceTensor([1], 'webgpu 0', () => undefined);
  tensor.assertUsable('webgpu 0', 'deep');
  expect(() => {
    tensor.assertUsable('cpu 0', 'deep');
  }).toThrow(new BugError('deep lies on webgpu 0 and was given to cpu 0.'));
  tensor.dispose();
  expect(() => {
    tensor.assertUsable('webgpu 0', 'deep');
  }).toThrow(LostTensorError);
});
