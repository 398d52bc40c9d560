import type { Migration } from './migration.ts';

/**
 * One row a picture, from the moment it is asked for. `seq` rises with the time of asking, so it is the order of the
 * gallery and of its pages. What is filtered or sorted has a column; the rest lies in JSON as the contract has it.
 */
export const generations: Migration = {
  number: 10,
  apply: (db) =>
    void db.exec(`
CREATE TABLE generations (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  batch_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'cancelled', 'failed')),
  queue_order REAL,
  attempts INTEGER NOT NULL DEFAULT 0,
  failure_code TEXT,
  failure_message TEXT,
  created_at_ms INTEGER NOT NULL,
  started_at_ms INTEGER,
  finished_at_ms INTEGER,
  request_json TEXT NOT NULL,
  prompt TEXT NOT NULL,
  negative_prompt TEXT NOT NULL,
  seed INTEGER NOT NULL,
  width_px INTEGER NOT NULL,
  height_px INTEGER NOT NULL,
  steps INTEGER NOT NULL,
  scheduler TEXT NOT NULL,
  ratio REAL NOT NULL,
  merging_key TEXT NOT NULL,
  model_id TEXT NOT NULL,
  model_name TEXT NOT NULL,
  model_hash TEXT,
  provider TEXT,
  merging_json TEXT,
  figures_json TEXT,
  total_ms REAL,
  step_ms REAL,
  picture_file TEXT,
  picture_width_px INTEGER,
  picture_height_px INTEGER,
  picture_size_bytes INTEGER,
  has_maps INTEGER NOT NULL DEFAULT 0,
  quality_reference_id TEXT,
  psnr_db REAL,
  ssim REAL,
  favourite INTEGER NOT NULL DEFAULT 0,
  tags_json TEXT NOT NULL DEFAULT '[]',
  notes TEXT NOT NULL DEFAULT '',
  deleted_at_ms INTEGER,
  CHECK ((state IN ('queued', 'running')) = (queue_order IS NOT NULL)),
  CHECK ((state = 'failed') = (failure_code IS NOT NULL))
) STRICT;

CREATE TABLE memory_figures (
  generation_seq INTEGER NOT NULL REFERENCES generations (seq) ON DELETE CASCADE,
  what TEXT NOT NULL CHECK (what IN ('process', 'vram')),
  size_bytes INTEGER NOT NULL,
  source TEXT NOT NULL,
  PRIMARY KEY (generation_seq, what)
) STRICT, WITHOUT ROWID;

CREATE INDEX generations_live ON generations (seq) WHERE deleted_at_ms IS NULL;
CREATE INDEX generations_queue ON generations (queue_order) WHERE queue_order IS NOT NULL;
CREATE INDEX generations_by_model ON generations (model_id, ratio, seq) WHERE deleted_at_ms IS NULL;
CREATE INDEX generations_by_state ON generations (state, seq) WHERE deleted_at_ms IS NULL;
CREATE INDEX generations_by_ratio ON generations (ratio, seq) WHERE deleted_at_ms IS NULL;
CREATE INDEX generations_by_time ON generations (total_ms, seq) WHERE deleted_at_ms IS NULL AND total_ms IS NOT NULL;
CREATE INDEX generations_by_date ON generations (created_at_ms) WHERE deleted_at_ms IS NULL;
CREATE INDEX generations_favourite ON generations (seq) WHERE deleted_at_ms IS NULL AND favourite = 1;
CREATE INDEX generations_tagged ON generations (seq) WHERE deleted_at_ms IS NULL AND tags_json <> '[]';
CREATE INDEX generations_deleted ON generations (deleted_at_ms) WHERE deleted_at_ms IS NOT NULL;
CREATE INDEX generations_by_seed ON generations (seed, model_id) WHERE deleted_at_ms IS NULL;
CREATE INDEX generations_measured ON generations (model_id, width_px, height_px, steps, scheduler, merging_key)
  WHERE state = 'done';
`),
};
