import type { ErrorCode } from '#contract/errors.ts';
import type { MergingReport } from '#contract/engine-protocol.ts';
import type { Failure } from '#contract/studio/base.ts';
import type { Db } from './db.ts';
import { figureColumns } from './insert.ts';
import type { Reader } from './reader.ts';
import type { FinishedGeneration } from './types.ts';

/** A picture whose engine died this often is not tried again by itself. */
const maxAttempts = 2;
const interrupted: { code: ErrorCode; message: string } = {
  code: 'ENGINE_DIED',
  message:
    'Tessera ended twice while this picture was being made, so it is not tried again by itself. Try a smaller size or a higher ratio, or make it again.',
};

/** The steps a row can take; each is true where the row was still in the state that the step begins in. */
function createSteps(db: Db) {
  /** Moves a row on; false where it was no longer in the state that the step begins in. */
  const step = (sql: string) => {
    const statement = db.prepare<[Record<string, unknown>]>(sql);
    return (values: Record<string, unknown>): boolean => statement.run(values).changes === 1;
  };
  const begin = step(
    "UPDATE generations SET state = 'running', started_at_ms = @at, attempts = attempts + 1 WHERE id = @id AND state = 'queued'",
  );
  // Given back in good order: that was no failed attempt.
  const giveBack = step(
    "UPDATE generations SET state = 'queued', started_at_ms = NULL, queue_order = @order, attempts = attempts - 1 WHERE id = @id AND state = 'running'",
  );
  const requeue = step(
    "UPDATE generations SET state = 'queued', started_at_ms = NULL, queue_order = @order WHERE id = @id AND state = 'running'",
  );
  const report = step(
    "UPDATE generations SET merging_json = @merging, provider = @provider WHERE id = @id AND state = 'running'",
  );
  const finish = step(`UPDATE generations SET state = 'done', queue_order = NULL, finished_at_ms = @at,
    figures_json = @figures_json, total_ms = @total_ms, step_ms = @step_ms, picture_file = @file,
    picture_width_px = @widthPx, picture_height_px = @heightPx, picture_size_bytes = @sizeBytes, has_maps = @hasMaps
    WHERE id = @id AND state = 'running'`);
  const end = step(`UPDATE generations SET state = @state, queue_order = NULL, finished_at_ms = @at,
    failure_code = @code, failure_message = @message WHERE id = @id AND state IN ('queued', 'running')`);

  const endWaiting = db.prepare<[number]>(
    "UPDATE generations SET state = 'cancelled', queue_order = NULL, finished_at_ms = ? WHERE state = 'queued'",
  );

  return { begin, giveBack, requeue, report, finish, end, endWaiting };
}

/** The way of a row from asked for to made, or not made and why. Every method is one transaction. */
export function createRowStates(db: Db, reader: Reader, frontOrder: () => number, now: () => number) {
  const { begin, giveBack, requeue, report, finish, end, endWaiting } = createSteps(db);
  const setMemory = db.prepare(
    'INSERT OR REPLACE INTO memory_figures (generation_seq, what, size_bytes, source) SELECT seq, @what, @bytes, @source FROM generations WHERE id = @id',
  );
  return {
    begin: (id: string, at: number) => begin({ id, at }),
    giveBack: (id: string) => giveBack({ id, order: frontOrder() }),
    setMerging: (id: string, merging: MergingReport, provider: string) =>
      report({ id, merging: JSON.stringify(merging), provider }),
    finish: (id: string, { finishedAt, figures, memory, picture, hasMaps }: FinishedGeneration): boolean =>
      db
        .transaction(() => {
          const { fileName, ...size } = picture;
          const columns = { ...figureColumns(figures), ...size, file: fileName, hasMaps: hasMaps ? 1 : 0 };
          if (!finish({ id, at: finishedAt, ...columns })) return false;
          for (const figure of memory) setMemory.run({ id, ...figure });
          return true;
        })
        .immediate(),
    cancel: (id: string, at: number) => end({ id, at, state: 'cancelled', code: null, message: null }),
    /** All that wait; gives how many there were. */
    cancelWaiting: (at: number): number => endWaiting.run(at).changes,
    fail: (id: string, at: number, failure: Failure) => end({ id, at, state: 'failed', ...failure }),
    /** After a crash: what was running waits again, at the front; what crashed too often is failed with the reason. */
    recoverInterrupted: (): { requeued: string[]; failed: string[] } =>
      db
        .transaction(() => {
          const running = reader.queued().filter((row) => row.state === 'running');
          const given = running.filter((row) => row.attempts >= maxAttempts).map((row) => row.id);
          const again = running.filter((row) => row.attempts < maxAttempts).map((row) => row.id);
          for (const id of given) end({ id, at: now(), state: 'failed', ...interrupted });
          for (const id of again) requeue({ id, order: frontOrder() });
          return { requeued: again, failed: given };
        })
        .immediate(),
  };
}
