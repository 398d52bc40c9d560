import type { Scene } from './ExampleGlyph.svelte';

/** Prompts of words that the small model knows, so in English in every language, and what they look like. */
export const examples: readonly { readonly prompt: string; readonly scene: Scene }[] = [
  {
    prompt: 'a red sun over blue mountains at dusk',
    scene: {
      sky: ['#5b3f7a', '#f08a5d'],
      sun: '#e5332a',
      mountains: ['#5a7fc0', '#34549b'],
      ground: '#27406f',
    },
  },
  {
    prompt: 'a golden sun over snowy mountains at dawn, meadow',
    scene: {
      sky: ['#f2b8a0', '#fde3c0'],
      sun: '#f7b733',
      mountains: ['#dfe7f1', '#b9c7da'],
      ground: '#7fae5c',
      snow: true,
    },
  },
  {
    prompt: 'a white sun over green mountains at noon, sea',
    scene: {
      sky: ['#4f9bdc', '#bfe1f7'],
      sun: '#ffffff',
      mountains: ['#6fb07a', '#3f8354'],
      ground: '#2f78a8',
    },
  },
  {
    prompt: 'purple mountains above the desert at night',
    scene: {
      sky: ['#0d1230', '#2b2f5e'],
      sun: null,
      mountains: ['#6a4f98', '#4a3573'],
      ground: '#a98756',
    },
  },
];
