import { sizeLimitsPx } from '#contract/request.ts';
import { remedyRatio, type MemoryRemedy } from '#contract/notices/remedy.ts';
import { estimateMemory } from './estimate.ts';
import type { EstimateOptions } from './estimate-options.ts';
import type { MemoryRequest, PictureNets } from './request-size.ts';
import type { ModelWeights } from './weights.ts';

/** A remedy of which it is not known yet what it saves. */
type Unmeasured<R> = R extends { savedBytes: number } ? Omit<R, 'savedBytes'> : never;

interface Candidate {
  readonly remedy: Unmeasured<MemoryRemedy>;
  readonly request?: Partial<MemoryRequest>;
  readonly options?: Partial<EstimateOptions>;
}

const mostNamed = 3;
/** Less than this is nothing that a person would change a setting for. */
const leastShare = 0.01;

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
    .map((each): MemoryRemedy => ({ ...each.remedy, savedBytes: saving(each) }))
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
  const canMerge = Math.min(merging.ratio, merging.ratioEnd ?? merging.ratio) < remedyRatio || !merging.mlp;
  const found: Candidate[] = [];
  if (mode === 'full') found.push({ remedy: { what: 'memory' }, options: { mode: 'low' } });
  if (precision === 'int8') found.push({ remedy: { what: 'precision' }, options: { precision: 'f32' } });
  if (smaller.widthPx < widthPx || smaller.heightPx < heightPx)
    found.push({ remedy: { what: 'size', size: smaller, of: { widthPx, heightPx } }, request: smaller });
  if (guidanceScale > 1) found.push({ remedy: { what: 'guidance' }, request: { guidanceScale: 1 } });
  if (canMerge) {
    const ratio = remedyRatio;
    const wanted = { ...merging, ratio, ratioEnd: ratio, mlp: true, mode: 'merge' } as const;
    found.push({ remedy: { what: 'merging' }, request: { merging: wanted } });
  }
  if (stepCache !== undefined)
    found.push({ remedy: { what: 'step-cache' }, request: { stepCache: undefined } });
  if (previews) found.push({ remedy: { what: 'previews' }, options: { previews: false } });
  return found;
}

/** Half a side, in the steps that sizes go by. */
function part(px: number): number {
  const { min, step } = sizeLimitsPx;
  return Math.max(Math.min(min, px), Math.round(px / 2 / step) * step);
}
