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
  readonly #shapes = new Map<string, Value>();

  constructor(g: GraphBuilder, index: number) {
    this.name = levelName(index);
    this.grid = g.input(gridInput(index), 'i64', [2]);
    this.rows = `h${index}`;
    this.columns = `w${index}`;
  }

  /** int64 [4]: (−1, C, h, w), what Reshape needs to lay a picture out. */
  imageShape(g: GraphBuilder, channels: number): Value {
    return this.#once(`image ${channels}`, () => concat(g, [g.ints([-1, channels]), this.grid], 0, 4));
  }

  /** int64 [4]: (−1, h, w, C), the same for token rows. */
  tokenShape(g: GraphBuilder, channels: number): Value {
    return this.#once(`token ${channels}`, () =>
      concat(g, [g.ints([-1]), this.grid, g.ints([channels])], 0, 4),
    );
  }

  #once(key: string, make: () => Value): Value {
    const known = this.#shapes.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#shapes.set(key, made);
    return made;
  }
}

export function levelName(index: number): string {
  return `level${index}`;
}

export function gridInput(index: number): string {
  return `${levelName(index)}/grid`;
}
