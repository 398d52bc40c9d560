/** The dense layers of a transformer as slow, plain loops in float64: the oracle of the tests. */

/** One row of channels a token. */
export type Rows = readonly (readonly number[])[];

/** [N·C], token after token → rows. */
export function toRows(data: ArrayLike<number>, channels: number): Rows {
  return Array.from({ length: data.length / channels }, (_, n) =>
    Array.from({ length: channels }, (_, c) => data[n * channels + c] ?? 0),
  );
}

export function fromRows(rows: Rows): Float32Array {
  return Float32Array.from(rows.flat());
}

/** One sample's picture [C, N] → rows, and back. */
export function transposed(rows: Rows): Rows {
  return (rows[0] ?? []).map((_, c) => rows.map((row) => row[c] ?? 0));
}

export function addRows(a: Rows, b: Rows): Rows {
  return a.map((row, n) => row.map((value, c) => value + (b[n]?.[c] ?? 0)));
}

/** x·wᵀ + b; w [out, in] as torch keeps it. */
export function linearRows(x: Rows, w: ArrayLike<number>, b?: ArrayLike<number>): Rows {
  const width = x[0]?.length ?? 1;
  const out = w.length / width;
  return x.map((row) =>
    Array.from({ length: out }, (_, o) =>
      row.reduce((sum, value, i) => sum + value * (w[o * width + i] ?? 0), b?.[o] ?? 0),
    ),
  );
}

/** Mean 0, variance 1 (the biased one). */
function normalized(values: readonly number[], epsilon: number): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return values.map((value) => (value - mean) / Math.sqrt(variance + epsilon));
}

/** Each token for itself, over its channels. */
export function layerNormRows(
  x: Rows,
  scale: ArrayLike<number>,
  bias: ArrayLike<number>,
  epsilon: number,
): Rows {
  return x.map((row) => normalized(row, epsilon).map((value, c) => value * (scale[c] ?? 0) + (bias[c] ?? 0)));
}

/** Wu & He 2018: over all tokens of one sample and the channels of a group. */
export function groupNormRows(
  x: Rows,
  groups: number,
  scale: ArrayLike<number>,
  bias: ArrayLike<number>,
  epsilon: number,
): Rows {
  const channels = x[0]?.length ?? 0;
  const size = channels / groups;
  const out = x.map((row) => [...row]);
  for (let group = 0; group < groups; group++) {
    const members = x.flatMap((row) => row.slice(group * size, (group + 1) * size));
    normalized(members, epsilon).forEach((value, i) => {
      const c = group * size + (i % size);
      const row = out[Math.floor(i / size)];
      if (row !== undefined) row[c] = value * (scale[c] ?? 0) + (bias[c] ?? 0);
    });
  }
  return out;
}

/** softmax(q·kᵀ/√d)·v for each head of d channels. */
export function attentionRows(q: Rows, k: Rows, v: Rows, headCount: number): Rows {
  const channels = q[0]?.length ?? 0;
  const d = channels / headCount;
  return q.map((query) => {
    const out: number[] = [];
    for (let head = 0; head < headCount; head++) {
      const part = (row: readonly number[]) => row.slice(head * d, (head + 1) * d);
      const scores = k.map((key) => dotOf(part(query), part(key)) / Math.sqrt(d));
      const largest = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - largest));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (let c = head * d; c < (head + 1) * d; c++) {
        out.push(weights.reduce((sum, weight, m) => sum + (weight / total) * (v[m]?.[c] ?? 0), 0));
      }
    }
    return out;
  });
}

function dotOf(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

/** x·Φ(x), Φ by erf. */
export function gelu(x: number): number {
  return (x * (1 + erf(x / Math.SQRT2))) / 2;
}

/** Maclaurin's series; good to 1e-8 up to 4, beyond which erf is 1 to 2e-8. */
export function erf(x: number): number {
  if (Math.abs(x) > 4) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17; n++) {
    term *= -(x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
