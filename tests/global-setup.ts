import { aptInstall, mayUseApt } from './apt.ts';
import { findSoftwareGpu } from './software-gpu.ts';

/** WebGPU's tests need a GPU in software: installed where it can be; elsewhere they say why they skip. */
export default async function setup(): Promise<void> {
  if (findSoftwareGpu().missing === undefined || !mayUseApt()) return;
  process.stdout.write(
    'Installing what the WebGPU tests need: apt-get install chromium libvulkan1 (about 100 MB) …\n',
  );
  const failure = await aptInstall(['chromium', 'libvulkan1']);
  if (failure !== undefined)
    process.stdout.write(`That failed, so the WebGPU tests will be skipped: ${failure}\n`);
}
