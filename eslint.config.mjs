import js from '@eslint/js';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import importX from 'eslint-plugin-import-x';
import svelte from 'eslint-plugin-svelte';
import tseslint from 'typescript-eslint';

/** One room of the house: the files it owns and what they may not import (docs/ARCHITECTURE.md, "Who may import whom"). */
function room(files, forbidden, { mayUseElectron = false } = {}) {
  const patterns = mayUseElectron ? forbidden : [...forbidden, electron];
  return {
    files,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: patterns.map(({ group, importNames, reason }) => ({
            group,
            ...(importNames === undefined ? {} : { importNames }),
            message: `${reason} See docs/ARCHITECTURE.md, "Who may import whom".`,
          })),
        },
      ],
    },
  };
}

const electron = {
  group: ['electron', 'electron/*'],
  reason: 'Only app/main/hosts/desktop and app/preload import electron, types included.',
};
const ipc = {
  group: ['electron', 'electron/*'],
  importNames: ['ipcMain'],
  reason: 'Only app/main/hosts/desktop/ipc.ts imports ipcMain.',
};
const runtime = {
  group: ['onnxruntime-*'],
  reason: 'Only app/main/engine/session.ts imports onnxruntime-node.',
};
const node = { group: ['node:*', 'sharp', 'fs', 'path'], reason: 'This room knows no file and no process.' };
const sqlite = { group: ['better-sqlite3'], reason: 'Only app/main/history/db.ts imports better-sqlite3.' };
const climbing = {
  group: ['../../*'],
  reason: 'Cross rooms by the # names of package.json, not by climbing.',
};
const otherHosts = {
  group: ['#main/hosts/*', '../browser/*', '../terminal/*'],
  reason: 'Hosts do not import one another; what they share of the page is in hosts/page.',
};
const hosts = { group: ['#main/hosts/*'], reason: 'Nothing imports a host.' };
const pipeline = { group: ['#engine/*', '#main/*'], reason: 'This room stands below the main side.' };

export default tseslint.config(
  { ignores: ['node_modules', 'out', 'models', 'app/kernels/onnx/schema', 'app/renderer/paraglide'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...svelte.configs.recommended,
  ...svelte.configs.prettier,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver()] },
    rules: {
      'import-x/no-cycle': 'error',
      'no-console': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  room(
    ['app/contract/**'],
    [
      node,
      climbing,
      runtime,
      pipeline,
      { group: ['#kernels/*', '#library/*'], reason: 'The contract imports nothing of ours.' },
    ],
  ),
  room(
    ['app/kernels/**'],
    [
      node,
      climbing,
      runtime,
      pipeline,
      { group: ['#contract/*', '#library/*'], reason: 'The kernels import nothing of ours.' },
    ],
  ),
  room(
    ['app/main/history/**'],
    [
      climbing,
      runtime,
      sqlite,
      { group: ['#engine/*', '#kernels/*', '#library/*'], reason: 'The history knows only the contract.' },
    ],
  ),
  room(['app/main/studio/**'], [climbing, runtime, sqlite, hosts]),
  room(['app/main/library/**'], [climbing, runtime, pipeline]),
  room(['app/main/engine/**'], [climbing, runtime, hosts]),
  room(['app/main/hosts/**', 'app/main/start/**', 'app/main/*.ts'], [climbing, runtime]),
  room(['app/main/hosts/desktop/**'], [climbing, runtime, sqlite, otherHosts, ipc], { mayUseElectron: true }),
  room(
    ['app/preload/**'],
    [
      { ...node, reason: 'A sandboxed preload script has no Node.' },
      {
        group: ['#kernels/*', '#library/*', '#history/*', '#studio/*', '#engine/*', '#main/*'],
        reason: 'The preload script knows only the contract.',
      },
    ],
    { mayUseElectron: true },
  ),
  room(
    ['app/renderer/**'],
    [
      node,
      runtime,
      sqlite,
      pipeline,
      {
        group: ['#kernels/*', '#library/*', '#history/*', '#studio/*'],
        reason: 'The renderer knows only the contract.',
      },
    ],
  ),
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      parserOptions: { projectService: true, extraFileExtensions: ['.svelte'], parser: tseslint.parser },
    },
  },
  {
    files: ['**/*.svelte'],
    rules: {
      // Props and bindings are `let` by Svelte's own rules; a template's functions are counted by the script they stand in.
      'prefer-const': 'off',
      'svelte/prefer-const': 'off',
      'max-lines-per-function': 'off',
      // Snippets are called as values in templates, which the type-aware rule takes for promises and voids.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // The types of components, and what is defined, come from svelte-check.
      'no-undef': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  room(['bench/**'], [climbing]),
  room(['e2e/**', 'tests/**'], []),
  {
    files: [
      'app/main/engine/session.ts',
      'app/main/history/db.ts',
      'app/main/hosts/desktop/ipc.ts',
      'tests/ort.ts',
    ],
    rules: { 'no-restricted-imports': 'off' },
  },
  {
    files: ['app/kernels/**/*.test.ts', 'app/contract/**/*.test.ts'],
    rules: { 'no-restricted-imports': 'off' },
  },
  { files: ['**/*.test.ts'], rules: { 'max-lines': ['error', 600], 'max-lines-per-function': 'off' } },
  { files: ['*.config.ts', '*.config.mjs'], extends: [tseslint.configs.disableTypeChecked] },
);
