/** Runs when the window has a moment, in any case within half a second. Returns what takes it back. */
export function whenIdle(run: () => void): () => void {
  const id = requestIdleCallback(run, { timeout: 500 });
  return () => {
    cancelIdleCallback(id);
  };
}
