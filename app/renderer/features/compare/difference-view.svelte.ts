import { formatPercent } from '../../lib/format.ts';
import { m } from '../../paraglide/messages.js';
import { language } from '../../state/language.svelte.ts';
import { fullScale, gains } from './difference.ts';
import { createDifferenceMaps, type DifferenceMap } from './difference-map.ts';

interface Question {
  readonly a: string;
  readonly b: string;
  readonly table: Uint8ClampedArray;
}

/** The difference map on the screen: the last one stays until the next is there. */
export class DifferenceView {
  map = $state.raw<DifferenceMap | null>(null);
  failure = $state<string | null>(null);
  /** Null = as suits the pictures. */
  gain = $state<number | null>(null);
  #maps: ReturnType<typeof createDifferenceMaps> | undefined;
  #question: Question | undefined;
  #count = 0;

  readonly usedGain = $derived(this.gain ?? this.map?.gain ?? 1);
  /** Where the scale ends, in steps of 255. */
  readonly scaleEnd = $derived(Math.round(fullScale / this.usedGain));
  readonly words = $derived.by(() => {
    if (this.map === null) return undefined;
    const { largest, mean, shareChanged } = this.map.summary;
    if (largest === 0) return m.compare_difference_none();
    return m.compare_difference_words({
      largest,
      mean: mean.toLocaleString(language.current, { maximumFractionDigits: 1 }),
      share: formatPercent(shareChanged, language.current),
    });
  });

  start(): () => void {
    this.#maps = createDifferenceMaps();
    this.#send();
    return () => {
      this.#maps?.dispose();
      this.#maps = undefined;
      this.#question = undefined;
    };
  }

  ask(a: string, b: string, table: Uint8ClampedArray): void {
    const isOther = this.#question?.a !== a || this.#question.b !== b;
    this.#question = { a, b, table };
    if (isOther) this.gain = null;
    this.#send();
  }

  setGain(gain: number): void {
    this.gain = gains.find((known) => known === gain) ?? 1;
    this.#send();
  }

  /** An answer to an older question than the last is left lying. */
  #send(): void {
    const question = this.#question;
    if (question === undefined || this.#maps === undefined) return;
    const count = ++this.#count;
    this.#maps.map({ ...question, gain: this.gain }).then(
      (map) => {
        if (count !== this.#count) return;
        this.map = map;
        this.failure = null;
      },
      (error: unknown) => {
        if (count === this.#count) this.failure = error instanceof Error ? error.message : String(error);
      },
    );
  }
}
