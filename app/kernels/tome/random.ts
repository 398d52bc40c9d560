/** Numbers in [0, 1) that depend on the given words alone: the same request draws the same partition every time.
 *  Source: sfc32 (Chris Doty-Humphrey, PractRand). Not torch's generator: merging must not shift the picture's noise. */
export function createRandom(words: readonly [number, number, number, number]): () => number {
  let [a, b, c, d] = words.map((word) => word >>> 0) as [number, number, number, number];
  const next = () => {
    const t = (((a + b) >>> 0) + d) >>> 0;
    d = (d + 1) >>> 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) >>> 0;
    c = (((c << 21) | (c >>> 11)) + t) >>> 0;
    return t / 2 ** 32;
  };
  // The first draws still show the seed's pattern.
  for (let i = 0; i < 16; i++) next();
  return next;
}

/** The words of one partition: the seed's two halves, the step, and the level (with the sample, when halves do not share). */
export function partitionWords(
  seed: number,
  stepIndex: number,
  level: number,
  sample: number,
): [number, number, number, number] {
  return [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, stepIndex, level * 65_536 + sample];
}
