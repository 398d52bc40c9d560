import type { Migration } from './migration.ts';

/** Full-text search by parts of words (trigrams), which Korean needs too. Triggers keep it, so no writer can forget it. */
export const search: Migration = {
  number: 20,
  apply: (db) =>
    void db.exec(`
CREATE VIRTUAL TABLE generation_search USING fts5 (
  prompt, negative_prompt, notes, tags,
  content = '', contentless_delete = 1, tokenize = 'trigram'
);
INSERT INTO generation_search (rowid, prompt, negative_prompt, notes, tags)
  SELECT seq, prompt, negative_prompt, notes, tags_json FROM generations;
CREATE TRIGGER generations_search_insert AFTER INSERT ON generations BEGIN
  INSERT INTO generation_search (rowid, prompt, negative_prompt, notes, tags)
    VALUES (new.seq, new.prompt, new.negative_prompt, new.notes, new.tags_json);
END;
CREATE TRIGGER generations_search_update AFTER UPDATE OF prompt, negative_prompt, notes, tags_json ON generations BEGIN
  DELETE FROM generation_search WHERE rowid = old.seq;
  INSERT INTO generation_search (rowid, prompt, negative_prompt, notes, tags)
    VALUES (new.seq, new.prompt, new.negative_prompt, new.notes, new.tags_json);
END;
CREATE TRIGGER generations_search_delete AFTER DELETE ON generations BEGIN
  DELETE FROM generation_search WHERE rowid = old.seq;
END;
`),
};
