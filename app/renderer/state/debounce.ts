/** Runs once, `waitMs` after the last call; `flush` runs what waits at once. */
export interface Debounced {
  (): void;
  flush(): void;
  cancel(): void;
}

export function debounce(run: () => void, waitMs: number): Debounced {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const fire = (): void => {
    timer = undefined;
    run();
  };
  const call = (): void => {
    clearTimeout(timer);
    timer = setTimeout(fire, waitMs);
  };
  return Object.assign(call, {
    flush: () => {
      if (timer === undefined) return;
      clearTimeout(timer);
      fire();
    },
    cancel: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  });
}
