import type { GraphBuilder, Value } from '../graph/builder.ts';
import { concat } from '../graph/ops/shape.ts';

/**
 * One resolution of a net: the grid that its pictures and tokens lie on.
 *
 * Sizes are run-time inputs, so one loaded graph serves every picture size: `level{n}/grid` is int64 [2] (h, w).
 */
export class Level {
  readonly name: string;
  /** int64 [2]: height and width in cells of this level. */
  readonly grid: Value;
  readonly rows: string;
  readonly columns: string;

  constructor(g: GraphBuilder, index: number) {
    this.name = levelName(index);
    this.grid = g.input(gridInput(index), 'i64', [2]);
    this.rows = `h${index}`;
    this.columns = `w${index}`;
  }

  /** int64 [4]: (−1, C, h, w), what Reshape needs to lay a picture out. */
  imageShape(g: GraphBuilder, channels: number): Value {
    return g.once(`${this.name} image ${channels}`, () =>
      concat(g, [g.ints([-1, channels]), this.grid], 0, 4),
    );
  }

  /** int64 [4]: (−1, h, w, C), the same for token rows. */
  tokenShape(g: GraphBuilder, channels: number): Value {
    return g.once(`${this.name} token ${channels}`, () =>
      concat(g, [g.ints([-1]), this.grid, g.ints([channels])], 0, 4),
    );
  }
}

export function levelName(index: number): string {
  return `level${index}`;
}

export function gridInput(index: number): string {
  return `${levelName(index)}/grid`;
}
