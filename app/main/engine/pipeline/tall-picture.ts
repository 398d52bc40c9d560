import { invariant } from '#contract/errors.ts';

interface Strip {
  readonly top: number;
  readonly rows: number;
  /** [channels, rows, columns] */
  readonly data: Float32Array;
}

/** A picture [channels, rows, columns] kept in strips of rows, which come from top to bottom and can be let go of the same way. */
export class TallPicture {
  readonly channels: number;
  readonly columns: number;
  #strips: Strip[] = [];
  #rows = 0;

  constructor(channels: number, columns: number) {
    this.channels = channels;
    this.columns = columns;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Adds rows below. */
  add(data: Float32Array): void {
    const rows = data.length / this.channels / this.columns;
    invariant(Number.isInteger(rows), `A strip of ${data.length} values is no rows of ${this.columns}.`);
    this.#strips.push({ top: this.#rows, rows, data });
    this.#rows += rows;
  }

  /**
   * Rows from … to of all channels, [channels, to − from, columns]: a strip that is just these as it is, else copied, into
   * `space` where that is given and large enough.
   */
  take(from: number, to: number, space?: Float32Array): Float32Array {
    const whole = this.#strips.find(({ top, rows }) => top === from && top + rows === to);
    if (whole !== undefined) return whole.data;
    const { channels, columns } = this;
    const length = channels * (to - from) * columns;
    const taken =
      space !== undefined && space.length >= length ? space.subarray(0, length) : new Float32Array(length);
    let filled = 0;
    for (const { top, rows, data } of this.#strips) {
      const [first, end] = [Math.max(from, top), Math.min(to, top + rows)];
      if (first >= end) continue;
      filled += end - first;
      for (let c = 0; c < channels; c++) {
        const source = (c * rows + first - top) * columns;
        taken.set(
          data.subarray(source, source + (end - first) * columns),
          (c * (to - from) + first - from) * columns,
        );
      }
    }
    invariant(filled === to - from, `Rows ${from} to ${to} were asked for, and ${filled} of them are there.`);
    return taken;
  }

  /** Lets go of strips that end at or above this row. */
  dropAbove(row: number): void {
    this.#strips = this.#strips.filter(({ top, rows }) => top + rows > row);
  }
}
