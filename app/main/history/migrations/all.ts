import { generations } from './010-generations.ts';
import { search } from './020-search.ts';
import { library } from './030-library.ts';
import type { Migration } from './migration.ts';

export const migrations: readonly Migration[] = [generations, search, library];
