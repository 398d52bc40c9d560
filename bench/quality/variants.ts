import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { RequestError } from '#contract/errors.ts';
import { MergingSchema, tomesdMerging, StepCacheSchema } from '#contract/request.ts';
import type { MergingOptions, StepCache } from '#contract/request.ts';

/** What is compared with the picture that nothing was saved on. */
export interface Variant {
  readonly name: string;
  readonly merging: MergingOptions;
  readonly stepCache?: StepCache;
  /** Of the U-Net, on the CPU. */
  readonly precision?: CpuPrecision;
}

const cpuPrecisions = ['f32', 'int8'] as const;
export type CpuPrecision = (typeof cpuPrecisions)[number];

/** The fields that differ from tomesd's defaults, beside a name, step caching and the precision. */
const VariantSchema = v.strictObject({
  name: v.optional(v.string()),
  stepCache: v.exactOptional(StepCacheSchema),
  precision: v.exactOptional(v.picklist(cpuPrecisions)),
  ...v.partial(MergingSchema).entries,
});

export const unmerged: Variant = { name: 'unmerged', merging: tomesdMerging };

export async function readVariants(path: string): Promise<Variant[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new RequestError('REQUEST_INVALID', `The file of variants cannot be read: ${path}.`, { cause });
  }
  const list = parseJson(text, path);
  if (!Array.isArray(list) || list.length === 0)
    throw new RequestError('REQUEST_INVALID', `${path} must hold a JSON list of at least one variant.`);
  return list.map((one: unknown, i) => variantOf(one, `variant ${i + 1} of ${path}`));
}

/** `{"ratio":0.5,"side":"queries"}`: any fields of MergingSchema, a name, step caching. */
export function parseVariant(text: string): Variant {
  return variantOf(parseJson(text, '--variant'), `--variant ${text}`);
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new RequestError('REQUEST_INVALID', `${where} is not JSON: ${text.slice(0, 80)}`, { cause });
  }
}

function variantOf(input: unknown, where: string): Variant {
  const { output, issues, success } = v.safeParse(VariantSchema, input);
  if (!success)
    throw new RequestError(
      'REQUEST_INVALID',
      `${where}: ${issues.map((issue) => `${v.getDotPath(issue) ?? ''} ${issue.message}`.trim()).join('. ')}.`,
    );
  const { name, stepCache, precision, ...fields } = output;
  // The schema fills absent fields as old requests meant them, which is what tomesdMerging says too.
  const merging = v.parse(MergingSchema, { ...tomesdMerging, ...fields });
  return {
    name: name ?? nameOf(input),
    merging,
    ...(stepCache === undefined ? {} : { stepCache }),
    ...(precision === undefined ? {} : { precision }),
  };
}

/** `ratio 0.5, side queries`. */
function nameOf(input: unknown): string {
  const words = Object.entries(input as Record<string, unknown>).map(
    ([field, value]) => `${field} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return words.length === 0 ? 'unmerged again' : words.join(', ');
}
