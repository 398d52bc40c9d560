import type { Migration } from './migration.ts';

/** What the artist chose: models and their folders, presets, settings. */
export const library: Migration = {
  number: 30,
  apply: (db) =>
    void db.exec(`
CREATE TABLE models (
  id TEXT PRIMARY KEY,
  path TEXT NOT NULL UNIQUE,
  name TEXT,
  hidden INTEGER NOT NULL DEFAULT 0,
  removed INTEGER NOT NULL DEFAULT 0,
  added_at_ms INTEGER NOT NULL,
  facts_key TEXT,
  facts_json TEXT
) STRICT;
CREATE TABLE model_folders (
  id TEXT PRIMARY KEY,
  path TEXT NOT NULL UNIQUE,
  added_at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE presets (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  changes_json TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE settings (
  key TEXT PRIMARY KEY,
  value_json TEXT NOT NULL
) STRICT;
`),
};
