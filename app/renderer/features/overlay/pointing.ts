import type { Grid } from './geometry.ts';
import type { OverlayState, Place } from './overlay-state.svelte.ts';

const clickReachPx = 4;

/** Pointing and pinning with the pointer, heard on the picture that the overlay lies on. Returns its end. */
export function createPointing(overlayElement: HTMLElement, overlay: OverlayState): () => void {
  const host = overlayElement.parentElement ?? overlayElement;
  let down: { x: number; y: number } | undefined;
  const placeOf = (event: MouseEvent): Place | undefined => {
    const box = overlayElement.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width;
    const y = (event.clientY - box.top) / box.height;
    return x < 0 || y < 0 || x >= 1 || y >= 1 ? undefined : { x, y };
  };
  const stop = new AbortController();
  const on = <K extends 'pointermove' | 'pointerdown' | 'pointerleave' | 'click'>(
    type: K,
    listener: (event: HTMLElementEventMap[K]) => void,
  ): void => {
    host.addEventListener(type, listener, { signal: stop.signal });
  };
  on('pointermove', (event) => {
    if (event.buttons === 0) overlay.point(placeOf(event));
  });
  on('pointerleave', () => {
    overlay.point(undefined);
  });
  on('pointerdown', (event) => {
    down = event.button === 0 ? { x: event.clientX, y: event.clientY } : undefined;
  });
  on('click', (event) => {
    const isDrag =
      down === undefined || Math.hypot(event.clientX - down.x, event.clientY - down.y) > clickReachPx;
    if (!isDrag && overlay.frame !== undefined) overlay.pin(placeOf(event));
  });
  return () => {
    stop.abort();
  };
}

const moves: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const fastTokens = 8;

/** The middle of the token that an arrow key leads to, with Shift eight further; from the middle of the picture at first. */
export function movedPlace(
  { gridW, gridH }: Grid,
  from: Place | undefined,
  { key, shiftKey }: { readonly key: string; readonly shiftKey: boolean },
): Place | undefined {
  const move = moves[key];
  if (move === undefined) return undefined;
  const by = shiftKey ? fastTokens : 1;
  const along = (at: number, count: number, direction: number): number => {
    const token = Math.floor(at * count) + direction * by;
    return (Math.min(count - 1, Math.max(0, token)) + 0.5) / count;
  };
  if (from === undefined) return { x: along(0.5, gridW, 0), y: along(0.5, gridH, 0) };
  return { x: along(from.x, gridW, move[0]), y: along(from.y, gridH, move[1]) };
}
