import { basename, dirname, join } from 'node:path';
import { expectedClipTextTensors, expectedUnetTensors, expectedVaeTensors } from '#kernels/nets/tensors.ts';
import type { ExpectedTensors } from '#kernels/nets/tensors.ts';
import type { WeightRange } from '#kernels/onnx/weights.ts';
import { openCheckpoint } from '#library/checkpoint.ts';
import type { Checkpoint } from '#library/checkpoint.ts';
import { readRange, withFile } from '#library/files.ts';
import { widenBf16, widenF16 } from '#library/float16.ts';
import type { NetPart } from '#library/parts.ts';
import { readSafetensorsHeader } from '#library/safetensors.ts';
import { checkError, once } from './cases.ts';
import type { CaseGroup, CaseResult } from './cases.ts';
import { compareExact, worst } from './compare.ts';
import { parseIoName } from './io-names.ts';
import { netCases } from './model.ts';
import { createLazyNets } from './nets.ts';
import type { CheckRuntime } from './runtime.ts';

/** single-file/NAME.safetensors: the same weights as folder NAME, and nets that give the same. */
export async function singleFileCases(path: string, runtime: CheckRuntime): Promise<CaseGroup> {
  const name = basename(path, '.safetensors');
  const folder = join(dirname(dirname(path)), name);
  const io = await readSafetensorsHeader(join(folder, 'io.safetensors'));
  const single = once(() => openCheckpoint(path, { configFolder: folder }));
  const nets = createLazyNets(single, runtime);
  const few = new Map([...io.tensors].filter(([tensor]) => isPlain(tensor)));
  return {
    cases: [
      {
        name: `single-file ${name} weights`,
        tolerance: 0,
        run: async () => compareCheckpoints(await single(), await openCheckpoint(folder)),
      },
      ...netCases(`single-file ${name}`, { ...io, tensors: few }, nets),
    ],
    close: nets.close,
  };
}

/** The outputs without merging: the weights are what is in question here. */
function isPlain(tensor: string): boolean {
  const parsed = parseIoName(tensor);
  return (
    parsed !== undefined && parsed.kind !== 'loop' && !(parsed.kind === 'unet' && parsed.merging !== null)
  );
}

async function compareCheckpoints(single: Checkpoint, folder: Checkpoint): Promise<CaseResult> {
  const results = [
    ...(await compareParts(single.unet, folder.unet, expectedUnetTensors)),
    ...(await compareParts(single.textEncoder, folder.textEncoder, expectedClipTextTensors)),
    ...(await compareParts(single.vae, folder.vae, expectedVaeTensors)),
  ];
  const { maxRelativeError, detail } = worst(results);
  return { maxRelativeError, detail: detail ?? `${results.length} tensors are equal` };
}

async function compareParts<C>(
  single: NetPart<C>,
  folder: NetPart<C>,
  expected: (config: C) => ExpectedTensors,
): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const name of expected(folder.config).keys()) {
    results.push(compareExact(name, await readWeight(single, name), await readWeight(folder, name)));
  }
  return results;
}

async function readWeight(part: NetPart<unknown>, name: string): Promise<Float32Array> {
  const range = part.weights.get(name);
  if (range === undefined) throw checkError(`${part.folder} has no tensor ${name}.`);
  const path = join(part.folder, range.file);
  const bytes = await withFile(path, (handle) => readRange(handle, range.offsetBytes, range.sizeBytes));
  return widen(new Uint8Array(bytes).buffer, range.dtype);
}

function widen(bytes: ArrayBuffer, dtype: WeightRange['dtype']): Float32Array {
  switch (dtype) {
    case 'F32':
      return new Float32Array(bytes);
    case 'F16':
      return widenF16(new Uint16Array(bytes));
    case 'BF16':
      return widenBf16(new Uint16Array(bytes));
  }
}
