import { test } from '@playwright/test';
import { findTestedDesktop } from './desktop.ts';

/** Stands for the whole suite under Electron, where that cannot run. */
test('the same under Electron', () => {
  test.skip(true, findTestedDesktop().reason);
});
