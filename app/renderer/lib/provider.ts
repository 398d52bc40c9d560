/** What runtimes call themselves, as people write it. */
const names = new Map([
  ['cpu', 'CPU'],
  ['webgpu', 'WebGPU'],
  ['cuda', 'CUDA'],
  ['dml', 'DirectML'],
  ['coreml', 'Core ML'],
]);

export function providerName(provider: string): string {
  return names.get(provider) ?? provider;
}
