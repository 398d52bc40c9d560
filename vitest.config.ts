import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { configDefaults, defineConfig } from 'vitest/config';

const runes = 'app/renderer/**/*.svelte.test.ts';

export default defineConfig({
  test: {
    // onnxruntime-node crashes in worker threads, and its sessions hold memory: one forked process per file.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          globalSetup: './tests/global-setup.ts',
          include: ['app/**/*.test.ts', 'tests/**/*.test.ts', 'bench/**/*.test.ts', 'e2e/**/*.test.ts'],
          exclude: [...configDefaults.exclude, runes],
        },
      },
      {
        extends: true,
        plugins: [
          paraglideVitePlugin({
            project: 'project.inlang',
            outdir: 'app/renderer/paraglide',
            strategy: ['baseLocale'],
          }),
          svelte(),
        ],
        // Svelte's server half has no effects.
        resolve: { conditions: ['browser'] },
        test: { name: 'window', include: [runes], environment: 'happy-dom' },
      },
    ],
  },
});
