export interface ReloadPolicy {
  /** True where loading the window again is worth a try; false when it has failed too often of late. */
  mayReload(): boolean;
}

const tries = 3;
const withinMs = 60_000;

export function createReloadPolicy(now: () => number = Date.now): ReloadPolicy {
  let recent: number[] = [];
  return {
    mayReload: () => {
      recent = recent.filter((at) => now() - at < withinMs);
      if (recent.length >= tries) return false;
      recent.push(now());
      return true;
    },
  };
}
