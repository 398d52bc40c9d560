import { OutputError } from '#contract/errors.ts';

/** A body piece by piece. Throws OUTPUT_UNWRITABLE when nothing has come for so long: its sender is gone. */
export async function* movingOn(
  body: ReadableStream<Uint8Array>,
  stallMs: number,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await withLimit(reader.read(), stallMs);
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function withLimit<T>(promise: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new OutputError(
          'OUTPUT_UNWRITABLE',
          `The file did not arrive whole: nothing came for ${limitMs / 1000} s. What had come was removed; send it again.`,
        ),
      );
    }, limitMs);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
