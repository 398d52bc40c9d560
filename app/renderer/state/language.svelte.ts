import { languages } from '#contract/studio/settings.ts';
import { overwriteGetLocale } from '../paraglide/runtime.js';

export type Language = (typeof languages)[number];

/** The language on screen. A rune, so that every message in a template is read again when it changes: nothing is reloaded. */
class LanguageState {
  current = $state<Language>(preferred());

  set(chosen: Language | null): void {
    this.current = chosen ?? preferred();
    document.documentElement.lang = this.current;
    // 3.7 MB in 124 pieces: their index is only read by those who write Korean, pieces by need.
    if (this.current === 'ko') void import('../styles/korean.css');
  }
}

function preferred(): Language {
  const wanted = navigator.languages.map((tag) => tag.split('-')[0]);
  return (
    languages.find((language) => language === wanted.find((tag) => tag === 'en' || tag === 'ko')) ?? 'en'
  );
}

export const language = new LanguageState();
overwriteGetLocale(() => language.current);
