import * as v from 'valibot';
import { ContractError } from './errors.ts';
import { draftFromInfotext, type InfotextDraft } from './infotext-draft.ts';
import { parseInfotext } from './infotext.ts';
import { readPngText } from './png/text.ts';
import { GenerationRequestSchema, type SchedulerName } from './request.ts';
import type { Draft } from './studio/draft.ts';

/** Keywords of the texts in a PNG: A1111's, Tessera's own, InvokeAI's, ComfyUI's. */
export const parametersKey = 'parameters';
export const recordKey = 'tessera';
const invokeKey = 'invokeai_metadata';
const comfyKeys = ['prompt', 'workflow'];

/** The settings that a dropped picture was made with. Throws PICTURE_UNREADABLE where there are none, or none that can be read. */
export function readPictureSettings(bytes: Uint8Array): InfotextDraft {
  const { texts } = readPngText(bytes);
  const parameters = texts.get(parametersKey);
  const told = parameters === undefined ? undefined : draftFromInfotext(parseInfotext(parameters));
  const own = readOwn(texts.get(recordKey));
  if (own !== undefined) return { ...own, unknown: told?.unknown ?? [] };
  if (told !== undefined) return told;
  const invoke = readInvoke(texts.get(invokeKey));
  if (invoke !== undefined) return invoke;
  throw new ContractError(
    'PICTURE_UNREADABLE',
    comfyKeys.some((key) => texts.has(key))
      ? 'This picture was made with ComfyUI, whose settings are a graph of nodes rather than a form. Allowed: PNG files saved by Tessera, A1111, Forge or InvokeAI. Copy the prompt and the seed by hand.'
      : 'The picture carries no settings: it has no “parameters” text. Allowed: PNG files saved by Tessera, A1111, Forge or InvokeAI. Many websites strip the text; try the original file.',
  );
}

const OwnSchema = v.object({ request: GenerationRequestSchema, model: v.object({ name: v.string() }) });

/** A1111's text cannot tell some prompts from settings; our own record gives back exactly what was asked for. */
function readOwn(text: string | undefined): Omit<InfotextDraft, 'unknown'> | undefined {
  const result = v.safeParse(OwnSchema, jsonOf(text));
  if (!result.success) return undefined;
  const { request, model } = result.output;
  const { count: _count, ...fields } = request;
  return { changes: { stepCache: undefined, ...fields, presetId: null }, modelName: model.name };
}

const text = v.fallback(v.optional(v.string()), undefined);
const number = v.fallback(v.optional(v.pipe(v.number(), v.finite())), undefined);
const InvokeSchema = v.looseObject({
  positive_prompt: v.string(),
  negative_prompt: text,
  width: number,
  height: number,
  steps: number,
  cfg_scale: number,
  seed: number,
  scheduler: text,
  model: v.fallback(v.optional(v.looseObject({ name: v.optional(v.string()) })), undefined),
});
/** InvokeAI's names of the schedulers that Tessera has (invokeai/app/invocations/fields.py). */
const invokeSchedulers: ReadonlyMap<string, SchedulerName> = new Map([
  ['ddim', 'ddim'],
  ['pndm', 'pndm'],
  ['euler', 'euler'],
  ['euler_a', 'euler_a'],
  ['euler_k', 'euler_karras'],
  ['heun', 'heun'],
  ['dpmpp_2m', 'dpmpp_2m'],
  ['dpmpp_2m_k', 'dpmpp_2m_karras'],
  ['dpmpp_2m_sde', 'dpmpp_2m_sde'],
  ['unipc', 'unipc'],
  ['lcm', 'lcm'],
]);

function readInvoke(json: string | undefined): InfotextDraft | undefined {
  const result = v.safeParse(InvokeSchema, jsonOf(json));
  if (!result.success) return undefined;
  const { positive_prompt, negative_prompt, width, height, steps, cfg_scale, seed, ...others } =
    result.output;
  const { scheduler, model, ...rest } = others;
  const known = scheduler === undefined ? undefined : invokeSchedulers.get(scheduler);
  const said: { readonly [K in keyof Draft]?: Draft[K] | undefined } = {
    prompt: positive_prompt,
    negativePrompt: negative_prompt ?? '',
    widthPx: width,
    heightPx: height,
    steps,
    guidanceScale: cfg_scale,
    seed,
    scheduler: known,
  };
  const left = known === undefined ? { scheduler, ...rest } : rest;
  return {
    changes: Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)),
    ...(model?.name === undefined ? {} : { modelName: model.name }),
    unknown: Object.entries(left)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  };
}

function jsonOf(json: string | undefined): unknown {
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    // Somebody else's text under that keyword.
    return undefined;
  }
}
