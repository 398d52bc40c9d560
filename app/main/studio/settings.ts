import * as v from 'valibot';
import { defaultSettings, SettingsSchema, type Settings } from '#contract/studio/settings.ts';
import type { HistoryStore } from '#history/store.ts';
import type { EventHub } from './events.ts';

const key = 'settings';

type Changes = { readonly [K in keyof Settings]?: Settings[K] | undefined };

export interface SettingsKeeper {
  get(): Settings;
  update(changes: Changes): Settings;
}

/** Each field for itself: one that an older or newer version wrote otherwise falls back to its default, the others stay. */
export function createSettings(store: HistoryStore, hub: () => EventHub): SettingsKeeper {
  let current = read(store.readSetting(key));
  return {
    get: () => current,
    update: (changes) => {
      const given = Object.entries(changes).filter(([, value]) => value !== undefined);
      current = { ...current, ...(Object.fromEntries(given) as Partial<Settings>) };
      store.writeSetting(key, current);
      hub().publish({ type: 'settings', settings: current });
      return current;
    },
  };
}

function read(stored: unknown): Settings {
  const record = v.safeParse(v.record(v.string(), v.unknown()), stored);
  if (!record.success) return defaultSettings;
  const kept = Object.entries(SettingsSchema.entries).flatMap(([name, schema]) => {
    const field = v.safeParse(schema, record.output[name]);
    return field.success ? [[name, field.output]] : [];
  });
  return { ...defaultSettings, ...(Object.fromEntries(kept) as Partial<Settings>) };
}
