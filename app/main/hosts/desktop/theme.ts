import type { Settings } from '#contract/studio/settings.ts';

/** The renderer's tokens --bg and --text (app/renderer/styles/tokens.css) as the system wants them; a test holds them together. */
export const windowColours = {
  dark: { background: '#0b0d11', symbols: '#e3e5e7' },
  light: { background: '#ebedef', symbols: '#1c1f25' },
} as const;

/** The page's header is 44 px with a hairline under it. */
export const titleBarPx = 43;

export function isDark(theme: Settings['theme'], isSystemDark: boolean): boolean {
  return theme === 'system' ? isSystemDark : theme === 'dark';
}
