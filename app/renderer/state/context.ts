import { createContext } from 'svelte';
import type { Bridge } from '../bridge.ts';
import type { StudioState } from './studio.svelte.ts';

export const [getBridge, setBridge] = createContext<Bridge>();
export const [getStudio, setStudio] = createContext<StudioState>();
