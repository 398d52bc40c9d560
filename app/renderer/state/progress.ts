import type { StudioEvent } from '#contract/studio/events.ts';

/** How far one picture is. */
export interface PictureProgress {
  readonly phase: 'loading' | 'steps' | 'decoding' | 'saving';
  readonly call: number;
  readonly calls: number;
  readonly stepMs: number | null;
  readonly remainingMs: number | null;
  readonly effectiveRatio: number | null;
  readonly previewUrl: string | null;
  readonly hasMaps: boolean;
  /** Share of the decoding that is done, where it takes several parts. */
  readonly decoded?: number;
}

const nothingYet: PictureProgress = {
  phase: 'loading',
  call: 0,
  calls: 0,
  stepMs: null,
  remainingMs: null,
  effectiveRatio: null,
  previewUrl: null,
  hasMaps: false,
};

type ProgressEvent = Extract<StudioEvent, { type: 'started' | 'progress' | 'preview' }>;

export function advance(before: PictureProgress | undefined, event: ProgressEvent): PictureProgress {
  const known = before ?? nothingYet;
  switch (event.type) {
    case 'started':
      return { ...known, phase: 'steps', calls: event.calls, effectiveRatio: event.merging.effectiveRatio };
    case 'preview':
      return { ...known, previewUrl: event.dataUrl };
    case 'progress': {
      const { type: _type, id: _id, ...said } = event;
      return { ...known, ...said };
    }
  }
}

/** 0 to 1 over the whole picture; loading counts as nothing, decoding and saving as the last hundredths. */
export function shareDone({ phase, call, calls, decoded }: PictureProgress): number {
  switch (phase) {
    case 'loading':
      return 0;
    case 'steps':
      return calls === 0 ? 0 : 0.96 * (call / calls);
    case 'decoding':
      return decoded === undefined ? 0.97 : 0.96 + 0.03 * decoded;
    case 'saving':
      return 0.99;
  }
}
