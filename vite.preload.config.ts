import { join } from 'node:path';
import { defineConfig } from 'vite';

const here = import.meta.dirname;

/** A sandboxed preload script is one CommonJS file: it can require nothing but electron. The main side needs no build. */
export default defineConfig({
  root: join(here, 'app/preload'),
  build: {
    outDir: join(here, 'out/desktop'),
    emptyOutDir: true,
    target: 'chrome140',
    minify: false,
    lib: { entry: 'preload.ts', formats: ['cjs'], fileName: () => 'preload.cjs' },
    rolldownOptions: { external: ['electron'] },
  },
});
