import type { Point } from '../protocol.ts';

/** Prepared work of Tessera's side: runs one point and gives its output. */
export type Run = (point: Point) => Promise<Float32Array>;
