import { expect, test } from 'vitest';
import { tidyDeviceName } from './device-names.ts';

test.each([
  ['NVIDIA H200', 'NVIDIA H200'],
  ['NVIDIA GeForce RTX 3060/PCIe/SSE2', 'NVIDIA GeForce RTX 3060'],
  ['AMD Radeon RX 7800 XT (RADV NAVI32)', 'AMD Radeon RX 7800 XT'],
  ['AMD Radeon Graphics (radeonsi, renoir, LLVM 15.0.7, DRM 3.49)', 'AMD Radeon Graphics'],
  ['AMD Radeon(TM) Graphics', 'AMD Radeon Graphics'],
  ['Mesa Intel(R) UHD Graphics 620 (KBL GT2)', 'Intel UHD Graphics 620'],
  ['Intel graphics 0x46a6', 'Intel graphics 0x46a6'],
  ['Vulkan: /usr/lib/SwiftShader Device (LLVM 16.0.0)', 'SwiftShader'],
  ['/usr/lib/chromium/libvk_swiftshader.so', 'SwiftShader'],
  ['/usr/lib/x86_64-linux-gnu/libvulkan_lvp.so', 'llvmpipe'],
  ['llvmpipe (LLVM 15.0.7, 256 bits)', 'llvmpipe'],
  ['Intel(R) Core(TM) i7-8700K CPU @ 3.70GHz', 'Intel Core i7-8700K'],
  ['Intel(R) Xeon(R) CPU E5-2690 v4 @ 2.60GHz', 'Intel Xeon E5-2690 v4'],
  ['13th Gen Intel(R) Core(TM) i9-13900K', '13th Gen Intel Core i9-13900K'],
  ['AMD Ryzen 7 5800X 8-Core Processor', 'AMD Ryzen 7 5800X'],
  ['AMD Ryzen 5 5600G with Radeon Graphics', 'AMD Ryzen 5 5600G'],
  ['QEMU Virtual CPU version 2.5+', 'QEMU Virtual CPU version 2.5+'],
  ['Apple M2', 'Apple M2'],
  ['CPU', 'CPU'],
  ['(unknown)', '(unknown)'],
])('%s is called %s', (raw, name) => {
  expect(tidyDeviceName(raw)).toBe(name);
});
