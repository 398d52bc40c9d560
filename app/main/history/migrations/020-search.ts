import type { Migration } from './migration.ts';

/**
 * Search by parts of words. Trigrams find what has three characters and more; shorter words, which Korean has many of, are
 * looked for in a narrow table of the texts alone. Triggers keep both, so no writer can forget them.
 */
export const search: Migration = {
  number: 20,
  apply: (db) =>
    void db.exec(`
CREATE TABLE generation_texts (seq INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
CREATE VIRTUAL TABLE generation_search USING fts5 (
  text, content = 'generation_texts', content_rowid = 'seq', tokenize = 'trigram'
);
CREATE TRIGGER generation_texts_insert AFTER INSERT ON generation_texts BEGIN
  INSERT INTO generation_search (rowid, text) VALUES (new.seq, new.text);
END;
CREATE TRIGGER generation_texts_delete AFTER DELETE ON generation_texts BEGIN
  INSERT INTO generation_search (generation_search, rowid, text) VALUES ('delete', old.seq, old.text);
END;
CREATE TRIGGER generations_search_insert AFTER INSERT ON generations BEGIN
  INSERT INTO generation_texts (seq, text)
    VALUES (new.seq, lower(concat_ws(char(10), new.prompt, new.negative_prompt, new.notes, new.tags_json)));
END;
CREATE TRIGGER generations_search_update AFTER UPDATE OF prompt, negative_prompt, notes, tags_json ON generations BEGIN
  DELETE FROM generation_texts WHERE seq = old.seq;
  INSERT INTO generation_texts (seq, text)
    VALUES (new.seq, lower(concat_ws(char(10), new.prompt, new.negative_prompt, new.notes, new.tags_json)));
END;
CREATE TRIGGER generations_search_delete AFTER DELETE ON generations BEGIN
  DELETE FROM generation_texts WHERE seq = old.seq;
END;
INSERT INTO generation_texts (seq, text)
  SELECT seq, lower(concat_ws(char(10), prompt, negative_prompt, notes, tags_json)) FROM generations;
`),
};
