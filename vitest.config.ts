import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['app/**/*.test.ts', 'tests/**/*.test.ts', 'bench/**/*.test.ts', 'e2e/**/*.test.ts'],
    // onnxruntime-node crashes in worker threads, and its sessions hold memory: one forked process per file.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
