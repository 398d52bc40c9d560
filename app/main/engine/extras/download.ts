import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CancelledError, EngineError } from '#contract/errors.ts';

/** What the one who offers a file says of it. */
export interface Stated {
  readonly sizeBytes: number;
  readonly sha512Base64: string;
}

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
}

/** Downloads to `target` and checks size and SHA-512. Throws EXTRA_FAILED and CancelledError; the caller removes what is left. */
export async function download(
  url: string,
  target: string,
  stated: Stated,
  { signal, onProgress }: DownloadOptions,
): Promise<void> {
  const response = await get(url, signal);
  if (response.body === null) throw refused(url, 'it sent nothing');
  const sum = createHash('sha512');
  let done = 0;
  const count = new Transform({
    transform(chunk: Buffer, _, next) {
      done += chunk.length;
      sum.update(chunk);
      onProgress(done, stated.sizeBytes);
      // A server that never stops sending must not fill the disk.
      next(done > stated.sizeBytes ? refused(url, 'it sent more than it had said') : null, chunk);
    },
  });
  try {
    await pipeline(Readable.fromWeb(response.body), count, createWriteStream(target, { flags: 'wx' }), {
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    throw asExtraError(url, error, signal);
  }
  if (done !== stated.sizeBytes) throw refused(url, `it sent ${done} bytes instead of ${stated.sizeBytes}`);
  if (sum.digest('base64') !== stated.sha512Base64)
    throw refused(url, 'what it sent has another SHA-512 than the package states');
}

export async function getJson(url: string, signal: AbortSignal | undefined): Promise<unknown> {
  const response = await get(url, signal);
  try {
    return await response.json();
  } catch (error) {
    throw asExtraError(url, error, signal);
  }
}

async function get(url: string, signal: AbortSignal | undefined): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, signal === undefined ? {} : { signal });
  } catch (error) {
    throw asExtraError(url, error, signal);
  }
  if (!response.ok) throw refused(url, `it answered ${response.status} ${response.statusText}`.trim());
  return response;
}

function asExtraError(url: string, error: unknown, signal: AbortSignal | undefined): unknown {
  if (error instanceof EngineError) return error;
  if (signal?.aborted === true) return new CancelledError();
  return refused(url, reasonOf(error));
}

/** fetch says "fetch failed" and hides why in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error
    ? cause.message || ('code' in cause ? String(cause.code) : error.message)
    : error.message;
}

function refused(url: string, reason: string): EngineError {
  return new EngineError(
    'EXTRA_FAILED',
    `The download from ${new URL(url).host} failed: ${reason}. Nothing was kept. Check the connection and try again; behind a proxy set HTTPS_PROXY and NODE_USE_ENV_PROXY=1.`,
    { details: { url } },
  );
}
