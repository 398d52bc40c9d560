import type { Point } from '../protocol.ts';

/** Prepared work of Tessera's side: loads what a point needs, and gives what runs it to its output, which alone is timed. */
export type Run = (point: Point) => Promise<() => Promise<Float32Array>>;
