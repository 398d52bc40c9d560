/** How the picture lies in the stage: fitted, or zoomed and moved. Pure numbers, so that they can be tested. */

const farthest = 1 / 8;
const nearest = 32;

export interface Size {
  readonly width: number;
  readonly height: number;
}

export class PictureView {
  /** Screen pixels for each picture pixel; null = as large as fits. */
  zoom = $state<number | null>(null);
  /** The middle of the picture against the middle of the stage, in screen pixels. */
  x = $state(0);
  y = $state(0);
  stage = $state.raw<Size>({ width: 0, height: 0 });
  picture = $state.raw<Size>({ width: 1, height: 1 });

  readonly fitScale = $derived(
    Math.min(this.stage.width / this.picture.width, this.stage.height / this.picture.height),
  );
  readonly scale = $derived(this.zoom ?? this.fitScale);
  readonly width = $derived(Math.max(0, this.picture.width * this.scale));
  readonly height = $derived(Math.max(0, this.picture.height * this.scale));

  fit(): void {
    this.zoom = null;
    this.x = 0;
    this.y = 0;
  }

  /** Zooms by a factor and keeps the point under the pointer where it is; (0, 0) = the middle of the stage. */
  zoomBy(factor: number, aroundX = 0, aroundY = 0): void {
    const before = this.scale;
    const after = Math.min(nearest, Math.max(farthest, before * factor));
    this.x = aroundX - ((aroundX - this.x) * after) / before;
    this.y = aroundY - ((aroundY - this.y) * after) / before;
    this.zoom = after;
    this.#keepInReach();
  }

  zoomTo(scale: number): void {
    this.zoomBy(scale / this.scale);
  }

  moveBy(dx: number, dy: number): void {
    if (this.zoom === null) return;
    this.x += dx;
    this.y += dy;
    this.#keepInReach();
  }

  /** Some of the picture stays in sight. */
  #keepInReach(): void {
    const reachX = Math.max(0, (this.width + this.stage.width) / 2 - 64);
    const reachY = Math.max(0, (this.height + this.stage.height) / 2 - 64);
    this.x = Math.min(reachX, Math.max(-reachX, this.x));
    this.y = Math.min(reachY, Math.max(-reachY, this.y));
  }
}
