import { sizeLimitsPx } from '#contract/request.ts';
import type { MemoryRemedy } from '#contract/engine-protocol.ts';
import { precisionNames } from '#contract/runtime.ts';
import { estimateMemory } from './estimate.ts';
import type { EstimateOptions } from './estimate-options.ts';
import type { MemoryRequest, PictureNets } from './request-size.ts';
import type { ModelWeights } from './weights.ts';

interface Candidate {
  readonly what: MemoryRemedy['what'];
  readonly text: string;
  readonly request?: Partial<MemoryRequest>;
  readonly options?: Partial<EstimateOptions>;
}

const mostNamed = 3;
/** Less than this is nothing that a person would change a setting for. */
const leastShare = 0.01;
const mergedShare = 0.5;

/** The settings that would save the most memory for this request, by the estimate; at most three. */
export function memoryRemedies(
  shape: PictureNets,
  weights: ModelWeights,
  request: MemoryRequest,
  options: EstimateOptions,
): MemoryRemedy[] {
  const now = estimateMemory(shape, weights, request, options).bytes;
  const saving = (each: Candidate) =>
    now -
    estimateMemory(shape, weights, { ...request, ...each.request }, { ...options, ...each.options }).bytes;
  const found = candidates(request, options)
    .map((each) => ({ what: each.what, text: each.text, savedBytes: saving(each) }))
    .filter(({ savedBytes }) => savedBytes > leastShare * now)
    .sort((a, b) => b.savedBytes - a.savedBytes);
  // Of the sizes that are offered one is enough.
  return found
    .filter(({ what }, i) => found.findIndex((other) => other.what === what) === i)
    .slice(0, mostNamed);
}

function candidates(request: MemoryRequest, { mode, previews, precision }: EstimateOptions): Candidate[] {
  const { widthPx, heightPx, guidanceScale, merging, stepCache } = request;
  const smaller = { widthPx: part(widthPx), heightPx: part(heightPx) };
  const canMerge = Math.min(merging.ratio, merging.ratioEnd ?? merging.ratio) < mergedShare || !merging.mlp;
  return [
    ...(mode === 'full'
      ? [{ what: 'memory', text: 'low-memory mode', options: { mode: 'low' } } as const]
      : []),
    ...(precision === 'int8'
      ? [
          {
            what: 'precision',
            text: `precision ${precisionNames.f32}, which loads with less`,
            options: { precision: 'f32' },
          } as const,
        ]
      : []),
    ...(smaller.widthPx < widthPx || smaller.heightPx < heightPx
      ? [
          {
            what: 'size',
            text: `${smaller.widthPx}×${smaller.heightPx} instead of ${widthPx}×${heightPx} px`,
            request: smaller,
          } as const,
        ]
      : []),
    ...(guidanceScale > 1
      ? [
          {
            what: 'guidance',
            text: 'guidance 1, which computes one half instead of two',
            request: { guidanceScale: 1 },
          } as const,
        ]
      : []),
    ...(canMerge
      ? [
          {
            what: 'merging',
            text: `merging ratio ${mergedShare} with the feed-forward layers merged too`,
            request: {
              merging: { ...merging, ratio: mergedShare, ratioEnd: mergedShare, mlp: true, mode: 'merge' },
            },
          } as const,
        ]
      : []),
    ...(stepCache === undefined
      ? []
      : [{ what: 'step-cache', text: 'no step caching', request: { stepCache: undefined } } as const]),
    ...(previews ? [{ what: 'previews', text: 'no previews', options: { previews: false } } as const] : []),
  ];
}

/** Half a side, in the steps that sizes go by. */
function part(px: number): number {
  const { min, step } = sizeLimitsPx;
  return Math.max(Math.min(min, px), Math.round(px / 2 / step) * step);
}

/** "low-memory mode: 2.1 GB less; …", or nothing where no setting helps. */
export function describeRemedies(remedies: readonly MemoryRemedy[]): string {
  if (remedies.length === 0)
    return 'No setting of this request would save much: choose a smaller model, or close other programs.';
  const each = remedies.map(({ text, savedBytes }) => `${text}: ${formatGigabytes(savedBytes)} less`);
  return `What would help most, by the estimate: ${each.join('; ')}.`;
}

export function formatGigabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
