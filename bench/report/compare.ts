import type { Figure, Study } from '../results.ts';

/** What is compared: a whole picture's time where it is told, else that of a run. */
export function timeMs({ times, whole }: Figure): number | undefined {
  return whole?.ms ?? times?.median;
}

/** How many times faster than the same side without merging and without a variant. */
export function againstUnmerged({ figures }: Study, figure: Figure): number | undefined {
  const { side, provider } = figure;
  return faster(find(figures, { side, provider, ratio: 0 }), figure);
}

/** How many times faster than diffusers + tomesd at the same ratio: with the same variant where they have it, else plain. */
export function againstPeers({ figures }: Study, figure: Figure): number | undefined {
  if (figure.side === 'torch') return undefined;
  const theirs = figures.filter(({ side }) => side === 'torch');
  const { ratio, variant } = figure;
  return faster(find(theirs, { ratio, variant }) ?? find(theirs, { ratio }), figure);
}

type Wanted = Partial<Pick<Figure, 'side' | 'provider' | 'ratio'>> & {
  readonly variant?: string | undefined;
};

/** The figure of a side, provider, ratio and variant; whatever is not named does not matter, but a variant that is not named is none. */
export function find(
  figures: readonly Figure[],
  { side, provider, ratio, variant }: Wanted,
): Figure | undefined {
  return figures.find(
    (figure) =>
      (side === undefined || figure.side === side) &&
      (provider === undefined || figure.provider === provider) &&
      (ratio === undefined || figure.ratio === ratio) &&
      figure.variant === variant,
  );
}

export function faster(reference: Figure | undefined, figure: Figure | undefined): number | undefined {
  const [from, to] = [reference && timeMs(reference), figure && timeMs(figure)];
  return from === undefined || to === undefined ? undefined : from / to;
}
