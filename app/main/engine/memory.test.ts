import { expect, test } from 'vitest';
import { readPeakMemory, resetPeakMemory } from './memory.ts';

const MiB = 1024 * 1024;

test('the peak covers memory that was given back, and says where the number is from', () => {
  resetPeakMemory();
  const before = readPeakMemory(false);
  let block: Buffer | undefined = Buffer.alloc(200 * MiB, 1);
  expect(block[MiB]).toBe(1);
  block = undefined;
  const after = readPeakMemory(false);
  expect(after.bytes).toBeGreaterThan(before.bytes + 150 * MiB);
  expect(after.source).toMatch(/VmHWM|maxRSS/);
  expect(block).toBeUndefined();
});

test('a peak that was set back says since when it counts', () => {
  if (resetPeakMemory()) expect(readPeakMemory(true).source).toContain('since the job began');
  else expect(readPeakMemory(false).source).toContain("process's life");
});
