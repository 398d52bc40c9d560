import { cpus } from 'node:os';
import { softwareRenderer } from './vulkan.ts';

/** Names of devices as people know them, from what drivers and systems write. */

/** The processor as the system writes it. */
export function systemCpuName(): string {
  return cpus()[0]?.model.trim() ?? 'CPU';
}

/** In this order: what stands in brackets is a driver's note of itself, and may hold the words of later lines. */
const clutter: readonly (readonly [RegExp, string])[] = [
  [/\((?:R|TM|C)\)|[®™©]/gi, ''],
  [/^\w+: /, ''],
  // "… (RADV NAVI32)", "… (LLVM 16.0.0, 256 bits)"
  [/\s*\([^()]*\)/g, ''],
  [/\/PCIe?(?:\/SSE2)?$/i, ''],
  [/^Mesa /, ''],
  // "AMD Ryzen 7 5700G with Radeon Graphics": the part that computes here is the processor.
  [/\s+(?:with|w\/) Radeon.*$/i, ''],
  [/\s*@\s*[\d.]+\s*GHz$/i, ''],
  [/\s+(?:\d+|\w+)-Core Processor$/i, ''],
  [/\bCPU(?= |$)(?! version)/, ''],
  [/\s+Processor$/, ''],
  [/\s+/g, ' '],
];

/** "Intel(R) Core(TM) i7-8700K CPU @ 3.70GHz" → "Intel Core i7-8700K"; what leaves nothing stays as it was. */
export function tidyDeviceName(raw: string): string {
  const tidy = softwareRenderer(raw) ?? clutter.reduce((name, [what, by]) => name.replace(what, by), raw);
  return tidy.trim() === '' ? raw : tidy.trim();
}
