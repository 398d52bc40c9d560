import type { Db } from './db.ts';

/** What the filters of the gallery can offer. */
export function createFacets(db: Db) {
  const counts = db.prepare<[], { total: number; favourites: number }>(
    `SELECT (SELECT count(*) FROM generations WHERE deleted_at_ms IS NULL) AS total,
            (SELECT count(*) FROM generations WHERE deleted_at_ms IS NULL AND favourite = 1) AS favourites`,
  );
  const models = db.prepare<[], { id: string; name: string; count: number }>(
    `SELECT m.model_id AS id, m.count, (
       SELECT model_name FROM generations WHERE model_id = m.model_id ORDER BY seq DESC LIMIT 1
     ) AS name FROM (
       SELECT model_id, count(*) AS count FROM generations WHERE deleted_at_ms IS NULL GROUP BY model_id
     ) AS m ORDER BY m.count DESC`,
  );
  const tags = db.prepare<[], { tag: string; count: number }>(
    `SELECT value AS tag, count(*) AS count FROM generations AS g, json_each(g.tags_json)
     WHERE g.deleted_at_ms IS NULL AND g.tags_json <> '[]' GROUP BY value ORDER BY count DESC, tag`,
  );
  return () => ({ ...(counts.get() ?? { total: 0, favourites: 0 }), models: models.all(), tags: tags.all() });
}
