import { join } from 'node:path';
import { defineConfig } from 'vite';

/** A sandboxed preload script is one CommonJS file: it can require nothing but electron. */
export default defineConfig({
  root: import.meta.dirname,
  build: {
    outDir: join(import.meta.dirname, '..', '..', 'out', 'desktop'),
    emptyOutDir: true,
    target: 'chrome140',
    minify: false,
    lib: { entry: 'preload.ts', formats: ['cjs'], fileName: () => 'preload.cjs' },
    rolldownOptions: { external: ['electron'] },
  },
});
