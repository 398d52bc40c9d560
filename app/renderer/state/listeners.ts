/** Those who want to hear of something, in the order in which they came. */
export interface Listeners<T> {
  add(listener: (said: T) => void): () => void;
  tell(said: T): void;
}

export function createListeners<T>(): Listeners<T> {
  const all = new Set<(said: T) => void>();
  return {
    add: (listener) => {
      all.add(listener);
      return () => all.delete(listener);
    },
    tell: (said) => {
      for (const listener of all) listener(said);
    },
  };
}
