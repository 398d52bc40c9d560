import type { GraphBuilder, Value } from '../graph/builder.ts';
import { gridInput, placesInput, tilesInput, tokensInput } from './run-shapes.ts';

/**
 * One resolution of a net: the grid that its pictures and tokens lie on.
 *
 * Sizes are run-time inputs, so one loaded graph serves every picture size.
 */
export class Level {
  readonly name: string;
  readonly rows: string;
  readonly columns: string;
  readonly #index: number;

  constructor(index: number) {
    this.#index = index;
    this.name = levelName(index);
    this.rows = `h${index}`;
    this.columns = `w${index}`;
  }

  /** int64 [2]: height and width in cells of this level. */
  grid(g: GraphBuilder): Value {
    return g.input(gridInput(this.#index), 'i64', [2]);
  }

  /** int64 [4]: (B, h, w, −1), what Reshape needs to lay token rows out as a picture. */
  tokenShape(g: GraphBuilder): Value {
    return g.input(tokensInput(this.#index), 'i64', [4]);
  }

  /** int32 [parts, 36, T]: the places of `source` that the tiles of Winograd's form read. */
  tiles(g: GraphBuilder, source: Level): Value {
    const name = tilesInput(this.#index, source.#index);
    return g.input(name, 'i32', [`${this.name}_parts`, 36, `${this.name}_tiles`]);
  }

  /** int32 [B·h·w]: where the tiles' results go. */
  places(g: GraphBuilder): Value {
    return g.input(placesInput(this.#index), 'i32', [`${this.name}_places`]);
  }
}

export function levelName(index: number): string {
  return `level${index}`;
}
