import type { Component } from 'svelte';
import type { Screen } from '../state/screens.ts';

/** Each screen is read when it is first opened. */

type Loader = () => Promise<{ default: Component }>;
const files = import.meta.glob<{ default: Component }>('../features/*/*Screen.svelte');

function loader(...paths: string[]): Loader | undefined {
  return paths.map((path) => files[`../features/${path}Screen.svelte`]).find((found) => found !== undefined);
}

export const screenLoaders: Readonly<Record<Screen, Loader | undefined>> = {
  make: loader('generate/Generate'),
  look: loader('overlay/Overlay', 'overlay/Look'),
  compare: loader('compare/Compare'),
  history: loader('history/History'),
  lab: loader('lab/Lab'),
  models: loader('models/Models'),
  settings: loader('settings/Settings'),
};
