import { differenceOf, paintDifference, suggestGain, type Difference } from './difference.ts';
import type { DifferenceAnswer, DifferenceQuestion } from './difference-map.ts';

/** Reads, subtracts and paints in a thread of its own: a large picture takes long enough to be felt. */

interface Read extends Difference {
  readonly key: string;
  readonly widthPx: number;
  readonly heightPx: number;
}
let last: Read | undefined;

async function pixelsOf(url: string): Promise<ImageData> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`a picture is not on the disk any more (${response.status})`);
  const bitmap = await createImageBitmap(await response.blob(), {
    colorSpaceConversion: 'none',
    premultiplyAlpha: 'none',
  });
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
  if (context === null) throw new Error('the browser gives no canvas to read pixels with');
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, context.canvas.width, context.canvas.height);
}

async function read(a: string, b: string): Promise<Read> {
  const key = JSON.stringify([a, b]);
  if (last?.key === key) return last;
  const [first, second] = await Promise.all([pixelsOf(a), pixelsOf(b)]);
  last = {
    key,
    widthPx: first.width,
    heightPx: first.height,
    ...differenceOf(first.data, second.data),
  };
  return last;
}

async function answer({ id, a, b, gain, table }: DifferenceQuestion): Promise<DifferenceAnswer> {
  try {
    const { values, summary, widthPx, heightPx } = await read(a, b);
    const used = gain ?? suggestGain(summary);
    const image = new ImageData(widthPx, heightPx);
    paintDifference(values, used, table, image.data);
    return { id, ok: true, image, gain: used, summary };
  } catch (error) {
    return { id, ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

self.addEventListener('message', ({ data }: MessageEvent<DifferenceQuestion>) => {
  void answer(data).then((reply) => {
    self.postMessage(reply, reply.ok ? { transfer: [reply.image.data.buffer] } : {});
  });
});
