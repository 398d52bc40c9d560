import * as v from 'valibot';
import { StudioError } from '#contract/errors.ts';
import { ModelEntrySchema, type ModelEntry } from '#contract/studio/models.ts';
import { FailureSchema } from '#contract/studio/base.ts';

/** Sends a checkpoint to the studio's own model folder. XMLHttpRequest, because fetch tells nothing of how far an upload is. */
export function uploadModel(
  file: File,
  onProgress: (share: number) => void,
  signal?: AbortSignal,
): Promise<ModelEntry> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener('load', () => {
      try {
        resolve(readAnswer(request.status, request.responseText));
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
    request.addEventListener('error', () => {
      reject(
        new StudioError(
          'MODEL_UNREADABLE',
          `“${file.name}” did not arrive: the connection broke. Drop it again.`,
        ),
      );
    });
    request.addEventListener('abort', () => {
      reject(new StudioError('CANCELLED', 'Cancelled.'));
    });
    signal?.addEventListener('abort', () => {
      request.abort();
    });
    const address = new URL(`models/${encodeURIComponent(file.name)}`, document.baseURI);
    address.search = location.search;
    request.open('PUT', address);
    request.send(file);
  });
}

function readAnswer(status: number, text: string): ModelEntry {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new StudioError(
      'MODEL_UNREADABLE',
      `The studio answered ${status} and no model: “${text.slice(0, 200)}”.`,
    );
  }
  if (status < 300) return v.parse(ModelEntrySchema, answer);
  const failure = v.safeParse(FailureSchema, answer);
  throw failure.success
    ? new StudioError(failure.output.code, failure.output.message)
    : new StudioError('MODEL_UNREADABLE', `The studio refused the file (${status}).`);
}
