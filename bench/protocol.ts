import * as v from 'valibot';
import type { MergingOptions, StepCache } from '#contract/request.ts';
import type { Precision, Provider } from '#contract/runtime.ts';

/**
 * What the benchmark says to a worker, and hears: one JSON object a line, over the worker's stdin and stdout.
 * Both sides speak it: tessera/worker.ts and peers/peer.py.
 */

/** Work that a worker prepares once and then runs on demand. Files are absolute paths. */
export type Work =
  | {
      /** Match, merge, self-attention and unmerge of one block, as tomesd's block does it. */
      readonly kind: 'block';
      readonly weights: string;
      readonly inputs: string;
      readonly headCount: number;
    }
  | {
      readonly kind: 'unet';
      readonly model: string;
      readonly configFolder?: string | undefined;
      readonly inputs: string;
      /** Tessera's side holds one graph for every ratio. */
      readonly holdsOne: boolean;
    }
  | {
      readonly kind: 'pictures';
      readonly model: string;
      readonly configFolder?: string | undefined;
      readonly prompt: string;
      readonly sizePx: number;
      readonly steps: number;
      readonly guidanceScale: number;
    }
  | {
      /** What a picture takes beside its steps: both prompts' text, and decoding. */
      readonly kind: 'ends';
      readonly model: string;
      readonly configFolder?: string | undefined;
      /** Fills both texts. */
      readonly token: number;
      readonly inputs: string;
    };

/** One run. `fixed`: the top left token of every cell is the destination, so that both sides merge the same tokens. */
export interface Point {
  readonly ratio: number;
  readonly fixed: boolean;
  /** Draws another partition each time, as the steps of a picture do. */
  readonly step: number;
  /** All but the ratio; Tessera's side alone. */
  readonly merging: MergingOptions;
  readonly stepCache?: StepCache;
  /** Tessera's side alone; absent: f32. */
  readonly precision?: Precision;
}

export type Command =
  | { readonly do: 'prepare'; readonly work: Work; readonly threads: number; readonly provider: Provider }
  | {
      readonly do: 'run';
      readonly point: Point;
      /** Keeps the output, as `output` of a safetensors file. */ readonly saveTo?: string | undefined;
    }
  | { readonly do: 'peak' };

export const ReplySchema = v.variant('type', [
  v.strictObject({ type: v.literal('ready'), versions: v.record(v.string(), v.string()) }),
  v.strictObject({
    type: v.literal('ran'),
    tookMs: v.number(),
    stepEndsMs: v.exactOptional(v.array(v.number())),
  }),
  v.strictObject({ type: v.literal('peak'), bytes: v.number(), source: v.string() }),
  v.strictObject({ type: v.literal('failed'), message: v.string() }),
]);
export type Reply = v.InferOutput<typeof ReplySchema>;
