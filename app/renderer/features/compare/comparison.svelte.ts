import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import { noMerging } from '#contract/request.ts';
import { isSamePlace, type Candidate as Place } from '#contract/runtime.ts';
import { measuredPlace } from '#contract/runtime-report.ts';
import type { StudioEvent } from '#contract/studio/events.ts';
import type { Generation } from '#contract/studio/generation.ts';
import type { Statistic } from '#contract/studio/history.ts';
import type { Preset } from '#contract/studio/presets.ts';
import { debounce } from '../../state/debounce.ts';
import type { StudioState } from '../../state/studio.svelte.ts';
import { estimateTime, type Estimate } from './estimate.ts';
import { oneForEach } from './one-for-each.ts';
import { isSameSize, isUnmerged, settingKey, type Setting } from './settings.ts';
import { candidatesOf, type Candidate, type SetId } from './sets.ts';

export const viewModes = ['slider', 'side', 'difference', 'all'] as const;
export type ViewMode = (typeof viewModes)[number];

/** A line of the list: a setting, and its picture once there is one. */
export interface Row {
  readonly key: string;
  readonly setting: Setting;
  readonly candidate: Candidate | null;
  readonly generation: Generation | null;
  readonly group: 'set' | 'also' | 'elsewhere' | 'picked';
  readonly estimate: Estimate | undefined;
}

interface Likeness {
  readonly psnrDb: number | null;
  readonly ssim: number;
}

const reloadAfterMs = 250;

/** One picture and the same request at other settings, kept right by the studio's events. */
export class Comparison {
  /** The picture that the others are compared with by request and seed. */
  root = $state.raw<Generation | null>(null);
  set = $state<SetId>('presets');
  view = $state<ViewMode>('slider');
  /** The set is that of the place where the next pictures are made, though the picture was made elsewhere. */
  atNext = $state(false);
  presets = $state.raw<readonly Preset[]>([]);
  statistics = $state.raw<readonly Statistic[]>([]);
  readonly #studio: StudioState;
  /** Of the same request and seed, by id. */
  readonly #pictures = new SvelteMap<string, Generation>();
  /** Chosen from the history. */
  readonly #picked = new SvelteMap<string, Generation>();
  readonly #likeness = new SvelteMap<string, Likeness>();
  readonly #asked = new SvelteSet<string>();
  #chosenA = $state<string | null>(null);
  #chosenB = $state<string | null>(null);
  readonly #reloadSoon = debounce(() => void this.#studio.attempt(() => this.#reload()), reloadAfterMs);

  constructor(studio: StudioState) {
    this.#studio = studio;
    studio.onEvent((event) => {
      this.#hear(event);
    });
  }

  /**
   * The picture whose steps and scheduler the sets start from: the one that was opened, unless only another number of
   * steps was made without merging. So the sets of a quick draft are those of the picture it is a draft of.
   */
  readonly base = $derived.by((): Generation | null => {
    const { root } = this;
    if (root === null) return null;
    const plain = [...this.#pictures.values()].filter(
      ({ state, request }) => state === 'done' && isUnmerged(request),
    );
    const alike = ({ request: { steps, scheduler } }: Generation): boolean =>
      steps === root.request.steps && scheduler === root.request.scheduler;
    return plain.some(alike) ? root : (plain.at(-1) ?? root);
  });

  /** Where the next pictures of this model are made; null while that is being found out. */
  readonly nextPlace = $derived.by((): Place | null => this.#studio.nextFor(this.root?.model.id ?? null));
  /** Where the picture was made that the comparison began with; undefined while it is being made. */
  readonly rootPlace = $derived(measuredPlace(this.root?.figures?.runtime));
  /** Where the pictures of the set were made: figures of different places are not compared. */
  readonly place = $derived(this.atNext ? this.nextPlace : (this.rootPlace ?? this.nextPlace));
  readonly #isNext = $derived(isSamePlace(this.place, this.nextPlace));
  /** The place whose set can be looked at instead. */
  readonly otherPlace = $derived.by((): Place | undefined => {
    const other = this.atNext ? this.rootPlace : (this.nextPlace ?? undefined);
    return this.place === null || other === undefined || isSamePlace(other, this.place) ? undefined : other;
  });

  /** The pictures that the set is made of, by setting. */
  readonly #here = $derived.by(() =>
    oneForEach(
      [...this.#pictures.values()].filter((each) => this.#isHere(each)),
      this.root?.id ?? '',
      ({ request }) => settingKey(request),
    ),
  );
  readonly #elsewhere = $derived.by(() =>
    oneForEach(
      [...this.#pictures.values()].filter((each) => !this.#isHere(each)),
      this.root?.id ?? '',
      ({ request, figures }) => JSON.stringify([settingKey(request), measuredPlace(figures?.runtime)]),
    ),
  );

  readonly candidates = $derived(
    this.base === null || this.root === null
      ? []
      : candidatesOf(this.set, { ...this.base.request, merging: this.root.request.merging }, this.presets),
  );

  readonly rows = $derived.by((): Row[] => {
    const { root } = this;
    if (root === null) return [];
    const here = this.#here;
    const inSet = this.candidates.map((candidate) =>
      this.#row(candidate.key, candidate.setting, candidate, here.get(candidate.key), 'set'),
    );
    const taken = inSet.map(({ key }) => key);
    const also = [...here].flatMap(([key, generation]) =>
      taken.includes(key) ? [] : [this.#row(key, generation.request, null, generation, 'also')],
    );
    const elsewhere = [...this.#elsewhere].map(([key, generation]) =>
      this.#row(key, generation.request, null, generation, 'elsewhere'),
    );
    const picked = [...this.#picked.values()].map((generation) =>
      this.#row(generation.id, generation.request, null, generation, 'picked'),
    );
    return [...inSet, ...also, ...elsewhere, ...picked];
  });

  /** Pictures that can be looked at, in the order of the list. */
  readonly shown = $derived(
    this.rows.filter((row): row is Row & { generation: Generation } => row.generation?.picture != null),
  );

  /** The unmerged picture of the same place, steps and scheduler: what gain and loss are told against. */
  readonly reference = $derived.by((): Generation | undefined => {
    const { base } = this;
    if (base === null) return undefined;
    const plain = this.#here.get(settingKey({ ...base.request, merging: noMerging }));
    return plain?.state === 'done' ? plain : undefined;
  });

  readonly a = $derived.by((): Row | undefined => {
    const rows = this.rows.filter(({ generation }) => generation !== null);
    return (
      rows.find(({ generation }) => generation?.id === this.#chosenA) ??
      this.shown.find(({ generation }) => generation.id === this.reference?.id) ??
      rows.find(({ generation }) => generation?.id === this.root?.id)
    );
  });

  readonly b = $derived.by((): Row | undefined => {
    const others = this.rows.filter((row) => row.generation !== null && row !== this.a);
    return (
      others.find(({ generation }) => generation?.id === this.#chosenB) ??
      others.find(({ generation }) => generation?.id === this.root?.id) ??
      others.find(({ generation }) => generation?.picture != null) ??
      others[0]
    );
  });

  /** What can be made; nothing where it would be made elsewhere. */
  readonly missing = $derived(
    this.rows.filter(
      ({ candidate, generation }) =>
        this.#isNext &&
        candidate !== null &&
        (generation === null || generation.state === 'failed' || generation.state === 'cancelled'),
    ),
  );

  readonly pending = $derived(
    this.rows.filter(({ generation }) => generation?.state === 'queued' || generation?.state === 'running'),
  );

  /** A new comparison, unless this picture belongs to the one that is open. */
  open(root: Generation | null): void {
    if (root === null || (this.root !== null && this.#knows(root.id))) {
      if (this.root !== null) this.#reloadSoon();
      return;
    }
    this.begin(root);
  }

  begin(root: Generation): void {
    this.root = root;
    this.atNext = false;
    this.#chosenA = null;
    this.#chosenB = null;
    this.#pictures.clear();
    this.#picked.clear();
    this.#pictures.set(root.id, root);
    void this.#studio.attempt(() => this.#reload());
  }

  /** Lays a picture of the history beside the one that is open. */
  pick(generation: Generation): void {
    if (!this.#pictures.has(generation.id)) this.#picked.set(generation.id, generation);
    this.choose('b', generation.id);
    this.#reloadSoon();
  }

  choose(side: 'a' | 'b', id: string): void {
    const other = side === 'a' ? this.b : this.a;
    if (other?.generation?.id === id) this.swap();
    else if (side === 'a') this.#chosenA = id;
    else this.#chosenB = id;
    this.#measureSoon();
  }

  swap(): void {
    const [a, b] = [this.a?.generation?.id ?? null, this.b?.generation?.id ?? null];
    this.#chosenA = b;
    this.#chosenB = a;
  }

  /** The next or previous picture as B. */
  step(by: number): void {
    const ids = this.shown
      .map(({ generation }) => generation.id)
      .filter((id) => id !== this.a?.generation?.id);
    const at = ids.indexOf(this.b?.generation?.id ?? '');
    const next = ids[(at + by + ids.length) % ids.length];
    if (next !== undefined) this.choose('b', next);
  }

  /** Puts variants into the queue; what exists is answered. */
  async make(rows: readonly Row[]): Promise<void> {
    const { base, root } = this;
    const changes = rows.flatMap(({ candidate }) => (candidate === null ? [] : [candidate.changes]));
    if (base === null || root === null || changes.length === 0) return;
    // The centre of the other rooms stays where it is while these are made.
    if (root.state === 'done') this.#studio.select(root);
    const made = await this.#studio.attempt(() =>
      this.#studio.client.queue.variants({ id: base.id, changes }),
    );
    for (const generation of made ?? []) this.#pictures.set(generation.id, generation);
  }

  async cancel(): Promise<void> {
    // Waiting ones first, so that none begins in between.
    for (const { generation } of this.pending.toReversed())
      if (generation !== null)
        await this.#studio.attempt(() => this.#studio.client.queue.cancel({ id: generation.id }));
  }

  /** PSNR and SSIM of one picture against another; undefined = not measured yet. */
  likeness(referenceId: string | undefined, generation: Generation): Likeness | undefined {
    if (referenceId === undefined || referenceId === generation.id) return undefined;
    if (generation.quality?.referenceId === referenceId) return generation.quality;
    return this.#likeness.get(pairKey(referenceId, generation.id));
  }

  /** What is not made yet will be made at the next place; what was not made at all was made nowhere. */
  #isHere({ state, figures }: Generation): boolean {
    if (state === 'failed' || state === 'cancelled') return true;
    if (state !== 'done') return this.#isNext;
    return isSamePlace(measuredPlace(figures?.runtime), this.place);
  }

  #knows(id: string): boolean {
    return this.#pictures.has(id) || this.#picked.has(id);
  }

  #row(
    key: string,
    setting: Setting,
    candidate: Candidate | null,
    generation: Generation | undefined,
    group: Row['group'],
  ): Row {
    const { root } = this;
    const at = {
      modelId: root?.model.id ?? '',
      ...(generation?.request ?? root?.request ?? { widthPx: 0, heightPx: 0 }),
      place: this.nextPlace,
    };
    return {
      key,
      setting,
      candidate,
      generation: generation ?? null,
      group,
      estimate: estimateTime(this.statistics, at, setting),
    };
  }

  async #reload(): Promise<void> {
    const { root } = this;
    if (root === null) return;
    const { client } = this.#studio;
    const at = { modelId: root.model.id, widthPx: root.request.widthPx, heightPx: root.request.heightPx };
    const [fresh, related, statistics, presets] = await Promise.all([
      client.history.get({ id: root.id }),
      client.history.related({ id: root.id }),
      client.history.statistics({ modelId: at.modelId }),
      // A model that is gone has no presets of its own size; its pictures can still be compared.
      client.presets.list(at).catch(() => this.presets),
    ]);
    if (this.root?.id !== root.id) return;
    if (fresh.deletedAt !== null) {
      this.root = null;
      return;
    }
    this.root = fresh;
    const ended = [...this.#pictures.values()].filter(
      ({ state }) => state === 'failed' || state === 'cancelled',
    );
    this.#pictures.clear();
    for (const generation of [...ended, ...related, fresh]) this.#pictures.set(generation.id, generation);
    for (const id of this.#pictures.keys()) this.#picked.delete(id);
    this.statistics = statistics;
    this.presets = presets;
    await this.#measure();
  }

  #measureSoon(): void {
    void this.#studio.attempt(() => this.#measure());
  }

  async #measure(): Promise<void> {
    const { reference, a, b } = this;
    if (reference !== undefined)
      await this.#ask(
        reference,
        this.shown.flatMap(({ group, generation }) =>
          group === 'set' || group === 'also' ? [generation] : [],
        ),
      );
    if (a?.generation?.picture != null && b?.generation?.picture != null)
      await this.#ask(a.generation, [b.generation]);
  }

  async #ask(reference: Generation, others: readonly Generation[]): Promise<void> {
    const ids = others
      .filter(
        (each) =>
          each.id !== reference.id &&
          isSameSize(each.request, reference.request) &&
          this.likeness(reference.id, each) === undefined &&
          !this.#asked.has(pairKey(reference.id, each.id)),
      )
      .map(({ id }) => id);
    if (ids.length === 0) return;
    for (const id of ids) this.#asked.add(pairKey(reference.id, id));
    const measured = await this.#studio.client.history.quality({ referenceId: reference.id, ids });
    for (const { id, referenceId, psnrDb, ssim } of measured)
      this.#likeness.set(pairKey(referenceId, id), { psnrDb, ssim });
  }

  #hear(event: StudioEvent): void {
    if (this.root === null) return;
    if (event.type === 'queue') for (const item of event.queue.items) this.#take(item);
    else if (event.type === 'finished') {
      this.#take(event.generation);
      this.#reloadSoon();
    } else if (event.type === 'history' && (event.ids === null || event.ids.some((id) => this.#knows(id))))
      this.#reloadSoon();
    else if (event.type === 'presets') this.#reloadSoon();
  }

  #take(generation: Generation): void {
    if (this.#pictures.has(generation.id)) this.#pictures.set(generation.id, generation);
    if (this.#picked.has(generation.id)) this.#picked.set(generation.id, generation);
    if (this.root?.id === generation.id) this.root = generation;
  }
}

/** The same for both orders: PSNR and SSIM do not ask which came first. */
function pairKey(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
