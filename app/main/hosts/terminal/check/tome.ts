import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { runTomeCase } from '#engine/nets/tome-probe.ts';
import type { TomeCase } from '#engine/nets/tome-probe.ts';
import { fromRows, toRows } from '#kernels/reference/dense.ts';
import { referenceMap, referenceMatch, referenceMerge, referenceUnmerge } from '#kernels/reference/tome.ts';
import { choosePartition } from '#kernels/tome/partition.ts';
import type { Partition } from '#kernels/tome/partition.ts';
import { mergedCount } from '#kernels/tome/ratio.ts';
import { readSafetensorsHeader } from '#library/safetensors.ts';
import { brokenCase, once } from './cases.ts';
import type { CaseGroup, CaseResult, CheckCase } from './cases.ts';
import { compareExact, compareTensors, worst } from './compare.ts';
import { dim, readFloats, readInts, readPythonJson } from './golden-files.ts';
import type { CheckRuntime } from './runtime.ts';

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const CasesSchema = v.record(
  v.string(),
  v.object({
    ...{ B: Count, w: Count, h: Count, C: Count, sx: Count, sy: Count, r: Count },
    ratio: v.number(),
    random: v.boolean(),
  }),
);
type TomeParameters = v.InferOutput<typeof CasesSchema>[string];

const tolerance = 1e-4;
const tensors = '.safetensors';

/** tome/NAME.safetensors with cases.json: what tomesd matched, merged and unmerged. */
export async function tomeCases(folder: string, runtime: CheckRuntime): Promise<CaseGroup> {
  const parameters = await readPythonJson(join(folder, 'cases.json'), CasesSchema);
  const files = await readdir(folder);
  const extra = files
    .filter(
      (file) =>
        file !== 'cases.json' && !(file.endsWith(tensors) && file.slice(0, -tensors.length) in parameters),
    )
    .map((file) => brokenCase(`tome ${file}`, 'cases.json does not name this file.'));
  const cases = Object.entries(parameters).flatMap(([name, values]) =>
    casesOf(name, values, join(folder, `${name}${tensors}`), runtime),
  );
  return { cases: [...cases, ...extra] };
}

interface Golden extends TomeCase {
  readonly partition: Partition;
  readonly mergedTokens: number;
  readonly mergedSorted: Float32Array;
  readonly unmerged: Float32Array;
}

function casesOf(name: string, parameters: TomeParameters, path: string, runtime: CheckRuntime): CheckCase[] {
  const golden = once(() => readGolden(path, parameters));
  const make = (what: string, compare: (golden: Golden) => CaseResult | Promise<CaseResult>): CheckCase => ({
    name: `tome ${name} ${what}`,
    tolerance,
    run: async () => compare(await golden()),
  });
  return [
    make('partition', (example) => comparePartition(example, parameters)),
    make('reference', compareReference),
    make('graph', (example) => compareGraph(example, runtime)),
  ];
}

async function readGolden(path: string, { w, h, r }: TomeParameters): Promise<Golden> {
  const file = await readSafetensorsHeader(path);
  const [x, y, unmerged, sorted, dst, count] = await Promise.all([
    readFloats(file, 'x'),
    readFloats(file, 'y'),
    readFloats(file, 'unmerged'),
    readFloats(file, 'merged_sorted'),
    readInts(file, 'dst'),
    readInts(file, 'merged_count'),
  ]);
  const chosen = new Set(dst.data);
  const partition: Partition = {
    dst: dst.data.toSorted(),
    src: Int32Array.from({ length: w * h }, (_, n) => n).filter((n) => !chosen.has(n)),
  };
  return {
    ...{ x: x.data, y: y.data, batch: dim('x', x.shape, 0), gridH: h, gridW: w },
    ...{ channels: dim('x', x.shape, 2), valueChannels: dim('y', y.shape, 2) },
    ...{ partition, merged: r, mode: 'merge' },
    mergedTokens: dim('merged_count', [...count.data], 0),
    mergedSorted: sorted.data,
    unmerged: unmerged.data,
  };
}

/** The cells, where tomesd took their top left tokens, and the number merged away. */
function comparePartition(golden: Golden, { h, w, sx, sy, ratio, random }: TomeParameters): CaseResult {
  const { src, dst } = golden.partition;
  const merged = mergedCount(h * w, dst.length === 0 ? 0 : src.length, ratio);
  const fixed = choosePartition(h, w, { kind: 'cells-fixed', sx, sy }, () => 0).dst;
  return worst([
    compareExact('tokens left', [h * w - merged], [golden.mergedTokens]),
    random ? compareExact('destinations', [fixed.length], [dst.length]) : compareExact('dst', fixed, dst),
  ]);
}

function compareReference(golden: Golden): CaseResult {
  const { x, y, batch, gridH, gridW, channels, valueChannels, partition, merged } = golden;
  const tokens = gridH * gridW;
  const metric = toRows(x, channels);
  const values = toRows(y, valueChannels);
  const left: (readonly number[])[] = [];
  const unmerged: (readonly number[])[] = [];
  for (let start = 0; start < batch * tokens; start += tokens) {
    const match = referenceMatch(metric.slice(start, start + tokens), partition, merged);
    const map = referenceMap(match, tokens);
    const rows = referenceMerge(values.slice(start, start + tokens), map);
    left.push(...rows);
    unmerged.push(...referenceUnmerge(rows, map));
  }
  return compareMerged(golden, fromRows(left), fromRows(unmerged));
}

async function compareGraph(golden: Golden, { provider }: CheckRuntime): Promise<CaseResult> {
  const result = await runTomeCase(golden, { provider });
  return worst([
    compareExact('tokens left', [result.mergedCount], [golden.mergedTokens]),
    compareMerged(golden, result.merged, result.unmerged),
  ]);
}

function compareMerged(golden: Golden, merged: Float32Array, unmerged: Float32Array): CaseResult {
  return worst([
    compareTensors('merged, sorted', merged.toSorted(), golden.mergedSorted),
    compareTensors('unmerged', unmerged, golden.unmerged),
  ]);
}
