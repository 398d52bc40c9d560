import type { Attachment } from 'svelte/attachments';
import type { PictureView } from '../../state/picture-view.svelte.ts';

/** Wheel, double click and drag on a pane move the one view that all panes share. */
export function zoomable(view: PictureView, ondrag?: (share: number) => void): Attachment<HTMLElement> {
  return (element) => {
    const stop = new AbortController();
    const { signal } = stop;
    let held = false;
    const at = (event: PointerEvent): number => {
      const box = element.getBoundingClientRect();
      return event.clientX - box.left;
    };
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined)
        view.stage = { width: entry.contentRect.width, height: entry.contentRect.height };
    });
    observer.observe(element);
    element.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        const box = element.getBoundingClientRect();
        view.zoomBy(
          Math.exp(-event.deltaY * 0.0015),
          event.clientX - box.left - box.width / 2,
          event.clientY - box.top - box.height / 2,
        );
      },
      { signal, passive: false },
    );
    element.addEventListener(
      'dblclick',
      () => {
        if (view.fitted) view.zoomTo(1);
        else view.fit();
      },
      { signal },
    );
    element.addEventListener(
      'pointerdown',
      (event) => {
        if (
          event.button !== 0 ||
          (event.target instanceof Element && event.target.closest('button') !== null)
        )
          return;
        held = true;
        element.setPointerCapture(event.pointerId);
        if (view.fitted) ondrag?.(at(event));
      },
      { signal },
    );
    element.addEventListener(
      'pointermove',
      (event) => {
        if (!held) return;
        if (view.fitted) ondrag?.(at(event));
        else view.moveBy(event.movementX, event.movementY);
      },
      { signal },
    );
    for (const type of ['pointerup', 'pointercancel'] as const)
      element.addEventListener(
        type,
        () => {
          held = false;
        },
        { signal },
      );
    return () => {
      stop.abort();
      observer.disconnect();
    };
  };
}
