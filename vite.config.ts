import { join } from 'node:path';
import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

const here = import.meta.dirname;

/** The renderer alone: the main side runs as it is written. */
export default defineConfig({
  root: 'app/renderer',
  // Relative addresses: the same files are served over HTTP and by tessera://app/.
  base: './',
  plugins: [
    paraglideVitePlugin({
      project: join(here, 'project.inlang'),
      outdir: join(here, 'app/renderer/paraglide'),
      // The language lives in the studio's settings; the renderer says it with overwriteGetLocale.
      strategy: ['baseLocale'],
      // A file a message, so that each screen carries its own.
      outputStructure: 'message-modules',
    }),
    svelte(),
  ],
  build: {
    outDir: '../../out/renderer',
    emptyOutDir: true,
    target: 'chrome120',
    // Fonts stay files: a data address would be refused by the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
