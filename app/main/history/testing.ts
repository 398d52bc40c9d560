import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { noMerging, type GenerationRequest } from '#contract/request.ts';
import { toInfotext } from '#main/parameters.ts';
import type { OpenedHistory } from './open.ts';
import { pictureTexts } from './picture-record.ts';
import type { FinishedGeneration, NewGeneration } from './types.ts';

/** What the tests of the history share: real folders, and rows that are right. */

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-history-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

export const batchId = '11111111-1111-4111-8111-111111111111';

export function requestOf(changes: Partial<GenerationRequest> = {}): GenerationRequest {
  return {
    prompt: 'a red sun over blue mountains',
    negativePrompt: '',
    widthPx: 64,
    heightPx: 64,
    steps: 4,
    scheduler: 'euler',
    guidanceScale: 3,
    seed: 1,
    count: 1,
    merging: noMerging,
    ...changes,
  };
}

export function newGeneration(changes: Partial<GenerationRequest> = {}, modelId = 'demo'): NewGeneration {
  return {
    batchId,
    request: requestOf(changes),
    model: { id: modelId, name: `Model ${modelId}`, hash: null },
  };
}

export function finished(changes: Partial<FinishedGeneration> = {}, stepMs = 10): FinishedGeneration {
  return {
    finishedAt: 2000,
    figures: {
      tokeniseMs: 1,
      textMs: 2,
      stepsMs: [stepMs, stepMs, stepMs, stepMs],
      decodeMs: 3,
      decodeTiles: 1,
      totalMs: 4 * stepMs + 6,
      loadMs: 0,
    },
    memory: [{ what: 'process', bytes: 1000, source: 'VmHWM' }],
    picture: { fileName: '2026-01/x.png', widthPx: 64, heightPx: 64, sizeBytes: 5 },
    hasMaps: false,
    ...changes,
  };
}

const createdAt = Date.UTC(2026, 0, 15);

/** A picture of 8×8 pixels, saved as the studio saves one. */
export async function makePicture({ store, pictures }: OpenedHistory, prompt = 'a red sun'): Promise<string> {
  const [row] = store.insertQueued([
    newGeneration({ prompt, merging: { ...requestOf().merging, ratio: 0.5 } }),
  ]);
  if (row === undefined) throw new Error('nothing was inserted');
  store.begin(row.id, createdAt);
  const { figures, memory } = finished();
  const record = { ...row, createdAt, provider: 'cpu', figures, memory: [...memory], merging: null };
  const texts = pictureTexts(
    record,
    toInfotext({ request: row.request, seed: 1, modelName: 'demo', version: '0.1.0' }),
  );
  const rgb = new Uint8Array(8 * 8 * 3).fill(90);
  const picture = await pictures.save(row.id, { rgb, widthPx: 8, heightPx: 8, texts, createdAt });
  store.finish(row.id, finished({ picture }));
  return row.id;
}
