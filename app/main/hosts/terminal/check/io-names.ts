import type { StepCache } from '#contract/request.ts';
import type { MergeSettings } from '#kernels/tome/settings.ts';

/** What a tensor of io.safetensors is, read off its name. */
export type IoName =
  | { readonly kind: 'input' }
  | { readonly kind: 'text' | 'vae-image' | 'vae-mean' | 'vae-logvar' }
  | {
      readonly kind: 'unet';
      readonly sample: string;
      readonly timestep: number;
      readonly merging: MergeSettings | null;
    }
  | {
      readonly kind: 'loop';
      readonly output: 'latents' | 'image';
      readonly merging: MergeSettings | null;
      readonly stepCache: StepCache | undefined;
    };

const plainNames: Readonly<Record<string, IoName>> = {
  clip_ids: { kind: 'input' },
  vae_latent: { kind: 'input' },
  vae_pixels: { kind: 'input' },
  loop_x0: { kind: 'input' },
  clip_hidden: { kind: 'text' },
  vae_image: { kind: 'vae-image' },
  vae_mean: { kind: 'vae-mean' },
  vae_logvar: { kind: 'vae-logvar' },
};

const unetPattern =
  /^(?<size>unet_\d+x\d+)_(?:(?<sample>sample)|out_t(?<timestep>\d+(?:\.\d+)?)(?:_(?<way>(?:r|todo)\d+)(?<options>(?:_[a-z0-9]+)*))?)$/u;
const loopPattern =
  /^loop_(?<way>(?:r|todo)\d+)(?<options>(?:_[a-z0-9]+)*?)(?:_dc(?<interval>\d+)b(?<branch>\d+))?_(?<output>latents|image)$/u;

/** undefined: a name that no rule of README.md gives a meaning. */
export function parseIoName(name: string): IoName | undefined {
  const plain = Object.hasOwn(plainNames, name) ? plainNames[name] : undefined;
  if (plain !== undefined) return plain;
  const unet = unetPattern.exec(name)?.groups;
  if (unet !== undefined) {
    if (unet['sample'] !== undefined) return { kind: 'input' };
    const merging = parseMerging(unet['way'], unet['options']);
    const sample = `${unet['size'] ?? ''}_sample`;
    return merging === undefined
      ? undefined
      : { kind: 'unet', sample, timestep: Number(unet['timestep']), merging };
  }
  const loop = loopPattern.exec(name)?.groups;
  const merging = loop === undefined ? undefined : parseMerging(loop['way'], loop['options']);
  if (merging === undefined) return undefined;
  const interval = loop?.['interval'];
  const stepCache =
    interval === undefined ? undefined : { interval: Number(interval), branch: Number(loop?.['branch']) };
  return { kind: 'loop', output: loop?.['output'] === 'image' ? 'image' : 'latents', merging, stepCache };
}

/** `r50` or `todo2`, and `_all`, `_ds2`, `_s4`, `_xattn`, `_mlp`, `_q`, `_kv`, `_t65` → settings; null without merging;
 *  undefined for an option unknown here.
 *  The partition is tomesd's with use_rand=False: the top left token of each cell. */
function parseMerging(
  way: string | undefined,
  options: string | undefined,
): MergeSettings | null | undefined {
  if (way === undefined) return null;
  const [, kind, number] = /^(r|todo)(\d+)$/u.exec(way) ?? [];
  const coarse = kind === 'todo';
  const ratio = coarse ? 1 - 1 / Number(number) ** 2 : Number(number) / 100;
  let settings: MergeSettings = {
    ...{ ratio, mode: coarse ? 'downsample' : 'merge', partition: 'cells-fixed', sharePartition: true },
    ...{ sx: 2, sy: 2, maxDownsample: 1, selfAttention: true, crossAttention: false, mlp: false },
    ...{
      side: 'all',
      importance: 0,
      matchScope: 'block',
      matchEvery: 1,
      matchWindow: 0,
      leaveOutCostly: false,
    },
  };
  for (const option of (options ?? '').split('_').filter((part) => part !== '')) {
    const change = parseOption(option);
    if (change === undefined) return undefined;
    settings = { ...settings, ...change };
  }
  return settings.ratio === 0 ? null : settings;
}

function parseOption(option: string): Partial<MergeSettings> | undefined {
  switch (option) {
    case 'all':
      return { maxDownsample: 8, selfAttention: true, crossAttention: true, mlp: true };
    case 'xattn':
      return { selfAttention: false, crossAttention: true };
    case 'q':
      return { side: 'queries' };
    case 'kv':
      return { side: 'keys-values' };
    case 'mlp':
      return { selfAttention: false, mlp: true };
    default: {
      const [, threshold] = /^t(\d+)$/u.exec(option) ?? [];
      if (threshold !== undefined) return { threshold: Number(threshold) / 100 };
      const sized = /^(?<what>ds|s)(?<size>\d+)(?:x(?<height>\d+))?$/u.exec(option)?.groups;
      const size = Number(sized?.['size']);
      if (sized === undefined || size < 1) return undefined;
      if (sized['what'] === 'ds') return sized['height'] === undefined ? { maxDownsample: size } : undefined;
      return { sx: size, sy: Number(sized['height'] ?? size) };
    }
  }
}
