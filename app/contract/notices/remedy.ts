import * as v from 'valibot';

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));

const remedies = ['memory', 'precision', 'guidance', 'merging', 'step-cache', 'previews'] as const;

/** A setting that would save memory, and how much by the estimate. */
export const MemoryRemedySchema = v.variant('what', [
  v.strictObject({ what: v.picklist(remedies), savedBytes: Count }),
  v.strictObject({
    what: v.literal('size'),
    savedBytes: Count,
    /** Instead of that of the request. */
    size: v.strictObject({ widthPx: Count, heightPx: Count }),
    of: v.strictObject({ widthPx: Count, heightPx: Count }),
  }),
]);
export type MemoryRemedy = v.InferOutput<typeof MemoryRemedySchema>;

/** Of the remedy "merging": merging half of the tokens, in the feed-forward layers too. */
export const remedyRatio = 0.5;
