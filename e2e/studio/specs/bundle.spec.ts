import { join } from 'node:path';
import { bundleSizes } from '#bench/studio/bundle.ts';
import { expect, test } from '../fixtures/test.ts';

const limitBytes = 400_000;

test('the window with all its screens is under 400 kB compressed, fonts aside @browser', () => {
  const { firstLoad, everything } = bundleSizes(join(import.meta.dirname, '../../../out/renderer'));
  expect(firstLoad.files).toBeGreaterThan(0);
  expect(everything.files).toBeGreaterThan(firstLoad.files);
  expect(firstLoad.gzipBytes).toBeLessThan(limitBytes);
  expect(everything.gzipBytes).toBeLessThan(limitBytes);
});
