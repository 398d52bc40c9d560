import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { writeWhole } from './write-whole.ts';

export interface Bounds {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const Pixels = v.pipe(v.number(), v.integer(), v.minValue(-100_000), v.maxValue(100_000));
const WindowStateSchema = v.object({
  bounds: v.object({ x: Pixels, y: Pixels, width: Pixels, height: Pixels }),
  isMaximized: v.boolean(),
});
export type WindowState = v.InferOutput<typeof WindowStateSchema>;

export interface WindowPlace {
  readonly size: { readonly width: number; readonly height: number };
  /** Undefined = in the middle of the screen, as the system does it. */
  readonly position?: { readonly x: number; readonly y: number };
  readonly isMaximized: boolean;
}

export const smallestWindow = { width: 960, height: 640 } as const;
const usualWindow = { width: 1440, height: 900 } as const;
/** As much of the title bar must be on a screen that the window can be taken by it. */
const grip = { width: 160, height: 44 } as const;

/** Where the window was, or where it can be seen: screens come and go between two starts. */
export function placeWindow(stored: WindowState | undefined, workAreas: readonly Bounds[]): WindowPlace {
  const [first] = workAreas;
  const fit = (size: { width: number; height: number }, area: Bounds | undefined) => ({
    width: Math.max(smallestWindow.width, Math.min(size.width, area?.width ?? size.width)),
    height: Math.max(smallestWindow.height, Math.min(size.height, area?.height ?? size.height)),
  });
  if (stored === undefined) return { size: fit(usualWindow, first), isMaximized: false };
  const { bounds, isMaximized } = stored;
  const area = workAreas.find((each) => canBeTaken(bounds, each));
  const size = fit(bounds, area ?? first);
  return area === undefined
    ? { size, isMaximized }
    : { size, position: { x: bounds.x, y: bounds.y }, isMaximized };
}

function canBeTaken(bounds: Bounds, area: Bounds): boolean {
  const visibleWidth = Math.min(bounds.x + bounds.width, area.x + area.width) - Math.max(bounds.x, area.x);
  const isTopInside = bounds.y >= area.y && bounds.y + grip.height <= area.y + area.height;
  return visibleWidth >= grip.width && isTopInside;
}

/** Nothing where nothing readable is stored. */
export function readWindowState(file: string): WindowState | undefined {
  try {
    const parsed = v.safeParse(WindowStateSchema, JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? parsed.output : undefined;
  } catch {
    // Not there yet, or damaged: the window opens in its usual place.
    return undefined;
  }
}

export async function writeWindowState(file: string, state: WindowState): Promise<void> {
  await writeWhole(file, JSON.stringify(state));
}
