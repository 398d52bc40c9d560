import { remedyRatio, type MemoryRemedy } from './remedy.ts';
import type { Holes, Speaker } from './speaker.ts';

/** "What would help most …: low-memory mode: 2.1 GB less; …", or that no setting helps. */
export function describeRemedies(remedies: readonly MemoryRemedy[], speaker: Speaker): string {
  const { text, bytes } = speaker;
  if (remedies.length === 0) return text('notice_no_remedy');
  const each = remedies.map((remedy) =>
    text('notice_remedy', { what: describeRemedy(remedy, speaker), saved: bytes(remedy.savedBytes) }),
  );
  return text('notice_remedies', { each: each.join('; ') });
}

function describeRemedy(remedy: MemoryRemedy, { text, precision, percent }: Speaker): string {
  const px = ({ widthPx, heightPx }: { widthPx: number; heightPx: number }) => `${widthPx}×${heightPx}`;
  switch (remedy.what) {
    case 'memory':
      return text('notice_remedy_memory');
    case 'precision':
      return text('notice_remedy_precision', { precision: precision('f32') });
    case 'size':
      return text('notice_remedy_size', { size: px(remedy.size), of: px(remedy.of) });
    case 'guidance':
      return text('notice_remedy_guidance');
    case 'merging':
      return text('notice_remedy_merging', { percent: percent(remedyRatio) });
    case 'step-cache':
      return text('notice_remedy_step_cache');
    case 'previews':
      return text('notice_remedy_previews');
  }
}

interface Room {
  readonly neededBytes: number;
  readonly freeBytes: number;
  readonly device?: string;
  readonly source?: string;
}

/** The holes that all texts of memory have. */
export function room({ neededBytes, freeBytes, device, source }: Room, { bytes }: Speaker): Holes {
  return {
    needed: bytes(neededBytes),
    free: bytes(freeBytes),
    ...(device === undefined ? {} : { device }),
    ...(source === undefined ? {} : { source }),
  };
}
