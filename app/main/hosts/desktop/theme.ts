import type { Settings } from '#contract/studio/settings.ts';

/** The renderer's tokens --bg and --text (app/renderer/styles/tokens.css) as the system wants them; a test holds them together. */
export const windowColours = {
  dark: { background: '#0b0c0f', symbols: '#e2e4e6' },
  light: { background: '#ebedf0', symbols: '#1c1f24' },
} as const;

/** The page's header is 44 px with a hairline under it. */
export const titleBarPx = 43;

export function isDark(theme: Settings['theme'], isSystemDark: boolean): boolean {
  return theme === 'system' ? isSystemDark : theme === 'dark';
}
