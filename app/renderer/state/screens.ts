export const screens = ['make', 'look', 'compare', 'history', 'lab', 'models', 'settings'] as const;
export type Screen = (typeof screens)[number];
