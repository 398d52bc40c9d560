/**
 * The `parameters` text of a PNG, which studios read settings from: prompt lines, then `Negative prompt: …`, then one line
 * of `Key: value` pairs. Grammar: AUTOMATIC1111/stable-diffusion-webui@v1.10.1, modules/infotext_utils.py.
 */
export interface Infotext {
  readonly prompt: string;
  readonly negativePrompt: string;
  /** In the order written; unknown keys are kept. */
  readonly settings: ReadonlyMap<string, string>;
}

const negativePrefix = 'Negative prompt:';
/** Keys have an end, or a long line without any would be searched from each of its letters to its end. */
const pairPattern = /\b(\w[\w \-/]{1,60}):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)/g;
/** Fewer pairs than this are taken for a line of the prompt. */
const minPairs = 3;

export function formatInfotext({ prompt, negativePrompt, settings }: Infotext): string {
  const lines = [prompt];
  if (negativePrompt !== '') lines.push(`${negativePrefix} ${negativePrompt}`);
  lines.push([...settings].map(([key, value]) => `${key}: ${quote(value)}`).join(', '));
  return lines.join('\n');
}

/** Values that would break the line are written as JSON strings. */
function quote(value: string): string {
  return /[,:\n]/.test(value) ? JSON.stringify(value) : value;
}

function unquote(value: string): string {
  if (!value.startsWith('"') || !value.endsWith('"')) return value;
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'string' ? parsed : value;
  } catch {
    // Written by hand or by a studio that does not escape: the text itself is the value.
    return value;
  }
}

export function parseInfotext(text: string): Infotext {
  const lines = text.trim().split('\n');
  const pairs = [...(lines.at(-1) ?? '').matchAll(pairPattern)];
  const settings = new Map<string, string>();
  if (pairs.length >= minPairs) {
    lines.pop();
    for (const [, key = '', value = ''] of pairs) settings.set(key, unquote(value.trim()));
  }
  const start = lines.findIndex((line) => line.startsWith(negativePrefix));
  const promptLines = start < 0 ? lines : lines.slice(0, start);
  const negativeLines = start < 0 ? [] : lines.slice(start);
  return {
    prompt: promptLines.join('\n').trim(),
    negativePrompt: negativeLines.join('\n').slice(negativePrefix.length).trim(),
    settings,
  };
}
