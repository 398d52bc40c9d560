import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { MediaAnswer } from '#studio/media.ts';
import { securityHeaders } from '../page/headers.ts';
import { readStatic } from '../page/static-files.ts';
import { isOwnAddress } from './addresses.ts';

export interface AnswerSources {
  /** The built renderer. */
  readonly rendererFolder: string;
  readonly media: (path: string) => Promise<MediaAnswer | undefined>;
  readonly log: (error: unknown) => void;
}

const year = 365 * 24 * 60 * 60;

/** Answers `tessera://app/…` as the browser host answers HTTP: the renderer's files, and what the studio has under media/. */
export function createAnswers(sources: AnswerSources): (request: Request) => Promise<Response> {
  return async (request) => {
    try {
      return await answer(request, sources);
    } catch (error) {
      sources.log(error);
      return plain(500, 'This could not be read. The log says why.');
    }
  };
}

async function answer({ url, method }: Request, sources: AnswerSources): Promise<Response> {
  if (!isOwnAddress(url)) return plain(403, 'There is no such place.');
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'Files are only read here.');
  const { pathname } = new URL(url);
  if (pathname.startsWith('/media/')) {
    const media = await sources.media(pathname.slice(1));
    return media === undefined ? plain(404, 'There is no such picture.') : await answerMedia(media, method);
  }
  const file = await readStatic(sources.rendererFolder, pathname);
  if (file === undefined) return plain(404, 'There is nothing here.');
  return respond(method === 'HEAD' ? null : new Uint8Array(file.bytes), {
    'Content-Type': file.type,
    'Content-Length': String(file.bytes.byteLength),
    'Cache-Control': file.immutable ? `public, max-age=${year}, immutable` : 'no-store',
  });
}

async function answerMedia(media: MediaAnswer, method: string): Promise<Response> {
  const headers: Record<string, string> = {
    'Content-Type': media.type,
    'Cache-Control': media.immutable ? `private, max-age=${year}, immutable` : 'no-store',
    ...(media.downloadName === undefined
      ? {}
      : { 'Content-Disposition': `attachment; filename="${media.downloadName}"` }),
  };
  if ('bytes' in media.body) {
    const { bytes } = media.body;
    headers['Content-Length'] = String(bytes.byteLength);
    return respond(method === 'HEAD' ? null : new Uint8Array(bytes), headers);
  }
  const { file } = media.body;
  headers['Content-Length'] = String((await stat(file)).size);
  return respond(
    method === 'HEAD' ? null : (Readable.toWeb(createReadStream(file)) as ReadableStream),
    headers,
  );
}

function respond(
  body: ReadableStream | Uint8Array<ArrayBuffer> | string | null,
  headers: Record<string, string>,
  status = 200,
): Response {
  return new Response(body, { status, headers: { ...securityHeaders, ...headers } });
}

function plain(status: number, text: string): Response {
  return respond(text, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' }, status);
}
