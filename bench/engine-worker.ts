import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { JobFigures, ModelReference } from '#contract/engine-protocol.ts';
import { BugError, EngineError } from '#contract/errors.ts';
import { noticeText } from '#contract/notices/english.ts';
import type { GenerationRequest } from '#contract/request.ts';
import { createEngine } from '#engine/host.ts';
import { autoRuntime, type Provider } from '#contract/runtime.ts';
import { createChildProcessPort } from '#engine/port.ts';
import { writeFloats } from './models/safetensors-writer.ts';
import type { Point, Work } from './protocol.ts';
import type { Worker } from './worker.ts';

const engineEntry = fileURLToPath(import.meta.resolve('#main/engine-process.ts'));
/** Of the noise, on both sides. */
export const PICTURE_SEED = 7;
const RGB = 3;

type PictureWork = Extract<Work, { kind: 'pictures' }>;

/** Whole pictures by the engine's own process, as the studio and the command line run it. */
export function startEngineWorker(provider: Provider): Worker {
  const engine = createEngine({ startPort: () => createChildProcessPort(engineEntry) });
  let work: PictureWork | undefined;
  let figures: JobFigures | undefined;
  return {
    side: 'tessera',
    provider,
    prepare(wanted) {
      if (wanted.kind !== 'pictures') throw new BugError(`The engine makes pictures, not a ${wanted.kind}.`);
      work = wanted;
      return Promise.resolve({ node: process.versions.node });
    },
    async run(point, saveTo) {
      if (work === undefined) throw new BugError('A run was asked for before its work was prepared.');
      const start = performance.now();
      let rgb: Uint8Array | undefined;
      const stepEnds: number[] = [];
      figures = await engine.generate(
        {
          model: modelOf(work),
          request: requestOf(work, point),
          runtime: { ...autoRuntime, provider, precision: point.precision ?? 'f32' },
          candidates: [{ provider, index: 0, device: provider, precision: point.precision ?? 'f32' }],
        },
        {
          onEvent: (event) => {
            if (event.type === 'picture') rgb = event.rgb;
            if (event.type === 'progress') stepEnds.push(performance.now() - start);
          },
        },
      );
      assertRanOn(provider, figures);
      // Where a ratio needs another graph than the run before, the engine loads it first.
      const { loadMs } = figures;
      const tookMs = performance.now() - start - loadMs;
      if (saveTo !== undefined && rgb !== undefined) {
        const planes = toPlanes(rgb);
        await writeFloats(saveTo, { output: { data: planes, shape: [planes.length] } });
      }
      return { tookMs, stepEndsMs: stepEnds.map((end) => end - loadMs) };
    },
    peak() {
      if (figures === undefined) throw new BugError('Memory was asked for before a run.');
      return Promise.resolve(figures.peakMemory);
    },
    stop: () => engine.dispose(),
  };
}

/** The engine goes on elsewhere when a device fails, which would be told as that device's figure. */
function assertRanOn(provider: Provider, { runtime }: JobFigures): void {
  const unet = runtime?.parts.find(({ part }) => part === 'unet');
  if (unet !== undefined && unet.provider !== provider)
    throw new EngineError(
      'ENGINE_FAILED',
      `It ran on ${unet.provider} instead: ${runtime?.notices.map(noticeText).join(' ') ?? ''}`,
    );
}

function modelOf({ model, configFolder }: PictureWork): ModelReference {
  return configFolder === undefined ? { path: model } : { path: model, configFolder };
}

function requestOf(work: PictureWork, { ratio, merging, stepCache }: Point): GenerationRequest {
  const { prompt, sizePx, steps, guidanceScale } = work;
  return {
    ...{ prompt, negativePrompt: '', widthPx: sizePx, heightPx: sizePx, steps, guidanceScale, count: 1 },
    scheduler: 'ddim',
    seed: PICTURE_SEED,
    merging: { ...merging, ratio },
    ...(stepCache === undefined ? {} : { stepCache }),
  };
}

/** Bytes, pixel by pixel → 0 to 1, plane by plane, as the peers give pictures. */
function toPlanes(rgb: Uint8Array): Float32Array {
  const pixels = rgb.length / RGB;
  return Float32Array.from(
    { length: rgb.length },
    (_, i) => (rgb[(i % pixels) * RGB + Math.floor(i / pixels)] ?? 0) / 255,
  );
}
