import type { PresetChanges } from '#contract/studio/presets.ts';
import type { Db } from './db.ts';
import type { FolderRow, ModelRow, PresetRow } from './types.ts';

interface RawModel {
  readonly id: string;
  readonly path: string;
  readonly name: string | null;
  readonly hidden: 0 | 1;
  readonly removed: 0 | 1;
  readonly added_at_ms: number;
  readonly facts_key: string | null;
  readonly facts_json: string | null;
}

/** What the artist chose: models, folders, presets, settings. */
export function createLibraryRows(db: Db) {
  const models = db.prepare<[], RawModel>('SELECT * FROM models ORDER BY added_at_ms, path');
  const saveModel =
    db.prepare(`INSERT INTO models (id, path, name, hidden, removed, added_at_ms, facts_key, facts_json)
    VALUES (@id, @path, @name, @hidden, @removed, @addedAt, @factsKey, @facts)
    ON CONFLICT (id) DO UPDATE SET path = excluded.path, name = excluded.name, hidden = excluded.hidden,
      removed = excluded.removed, facts_key = excluded.facts_key, facts_json = excluded.facts_json`);
  const folders = db.prepare<[], { id: string; path: string; added_at_ms: number }>(
    'SELECT * FROM model_folders ORDER BY added_at_ms, path',
  );
  const saveFolder = db.prepare<[FolderRow]>(
    'INSERT INTO model_folders (id, path, added_at_ms) VALUES (@id, @path, @addedAt) ON CONFLICT DO NOTHING',
  );
  const removeFolder = db.prepare<[string]>('DELETE FROM model_folders WHERE id = ?');
  const presets = db.prepare<[], { id: string; name: string; changes_json: string }>(
    'SELECT id, name, changes_json FROM presets ORDER BY created_at_ms, name',
  );
  const savePreset =
    db.prepare(`INSERT INTO presets (id, name, changes_json, created_at_ms) VALUES (@id, @name, @changes, @createdAt)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, changes_json = excluded.changes_json`);
  const removePreset = db.prepare<[string]>('DELETE FROM presets WHERE id = ?');
  const setting = db.prepare<[string], { value_json: string }>(
    'SELECT value_json FROM settings WHERE key = ?',
  );
  const writeSetting = db.prepare<[string, string]>(
    'INSERT INTO settings (key, value_json) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value_json = excluded.value_json',
  );

  return {
    listModels: (): ModelRow[] =>
      models.all().map(({ added_at_ms: addedAt, facts_key: factsKey, facts_json: facts, ...row }) => ({
        ...row,
        hidden: row.hidden === 1,
        removed: row.removed === 1,
        addedAt,
        factsKey,
        facts: facts === null ? null : (JSON.parse(facts) as unknown),
      })),
    saveModel: (row: ModelRow): void =>
      void saveModel.run({
        ...row,
        hidden: row.hidden ? 1 : 0,
        removed: row.removed ? 1 : 0,
        facts: row.facts === null ? null : JSON.stringify(row.facts),
      }),
    listFolders: (): FolderRow[] =>
      folders.all().map(({ id, path, added_at_ms: addedAt }) => ({ id, path, addedAt })),
    saveFolder: (row: FolderRow): void => void saveFolder.run(row),
    removeFolder: (id: string): boolean => removeFolder.run(id).changes === 1,
    listPresets: (): PresetRow[] =>
      presets.all().map(({ id, name, changes_json }) => ({
        id,
        name,
        changes: JSON.parse(changes_json) as PresetChanges,
      })),
    savePreset: ({ id, name, changes }: PresetRow, createdAt: number): void =>
      void savePreset.run({ id, name, changes: JSON.stringify(changes), createdAt }),
    removePreset: (id: string): boolean => removePreset.run(id).changes === 1,
    readSetting: (key: string): unknown => {
      const row = setting.get(key);
      return row === undefined ? undefined : (JSON.parse(row.value_json) as unknown);
    },
    writeSetting: (key: string, value: unknown): void => void writeSetting.run(key, JSON.stringify(value)),
  };
}
