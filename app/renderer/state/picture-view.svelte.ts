/** How the picture lies in the stage: fitted, or zoomed and moved. Pure numbers, so that they can be tested. */

const farthest = 1 / 8;
const nearest = 32;
/** Screen pixels of the picture that cannot be pushed out of the stage. */
const inSight = 64;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What is looked at: another id begins fitted again. */
export interface Seen extends Size {
  readonly id: string;
}

interface Place {
  readonly id: string;
  readonly zoom: number;
  readonly x: number;
  readonly y: number;
}

export class PictureView {
  /** The place the picture may fill. */
  stage = $state.raw<Size>({ width: 0, height: 0 });
  readonly #seen: () => Seen | null;
  /** Where the artist moved one picture to; of another it says nothing. */
  #moved = $state.raw<Place | null>(null);

  constructor(seen: () => Seen | null) {
    this.#seen = seen;
  }

  readonly #picture = $derived.by(() => this.#seen() ?? { id: '', width: 1, height: 1 });
  readonly #place = $derived(this.#moved?.id === this.#picture.id ? this.#moved : null);
  readonly fitScale = $derived(
    Math.min(this.stage.width / this.#picture.width, this.stage.height / this.#picture.height),
  );
  /** Screen pixels for each picture pixel. */
  readonly scale = $derived(this.#place?.zoom ?? this.fitScale);
  readonly fitted = $derived(this.#place === null);
  /** The middle of the picture against the middle of the stage, in screen pixels. */
  readonly x = $derived(this.#place?.x ?? 0);
  readonly y = $derived(this.#place?.y ?? 0);
  readonly width = $derived(Math.max(0, this.#picture.width * this.scale));
  readonly height = $derived(Math.max(0, this.#picture.height * this.scale));

  fit(): void {
    this.#moved = null;
  }

  /** Zooms by a factor and keeps the point under the pointer where it is; (0, 0) = the middle of the stage. */
  zoomBy(factor: number, aroundX = 0, aroundY = 0): void {
    const before = this.scale;
    const zoom = Math.min(nearest, Math.max(farthest, before * factor));
    const x = aroundX - ((aroundX - this.x) * zoom) / before;
    const y = aroundY - ((aroundY - this.y) * zoom) / before;
    this.#moveTo(zoom, x, y);
  }

  zoomTo(scale: number): void {
    this.zoomBy(scale / this.scale);
  }

  moveBy(dx: number, dy: number): void {
    if (!this.fitted) this.#moveTo(this.scale, this.x + dx, this.y + dy);
  }

  /** Some of the picture stays in sight. */
  #moveTo(zoom: number, x: number, y: number): void {
    const { id, width, height } = this.#picture;
    const reachX = Math.max(0, (width * zoom + this.stage.width) / 2 - inSight);
    const reachY = Math.max(0, (height * zoom + this.stage.height) / 2 - inSight);
    this.#moved = {
      id,
      zoom,
      x: Math.min(reachX, Math.max(-reachX, x)),
      y: Math.min(reachY, Math.max(-reachY, y)),
    };
  }
}
