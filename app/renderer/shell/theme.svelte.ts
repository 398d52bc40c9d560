import { MediaQuery } from 'svelte/reactivity';
import type { Settings } from '#contract/studio/settings.ts';

/** Dark or light, as chosen or as the system has it now. */
export class Theme {
  readonly #chosen: () => Settings['theme'];
  readonly #systemLight = new MediaQuery('prefers-color-scheme: light');

  constructor(chosen: () => Settings['theme']) {
    this.#chosen = chosen;
  }

  get current(): 'dark' | 'light' {
    const chosen = this.#chosen();
    if (chosen !== 'system') return chosen;
    return this.#systemLight.current ? 'light' : 'dark';
  }
}
