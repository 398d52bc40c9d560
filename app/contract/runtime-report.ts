import * as v from 'valibot';
import { StoredNoticeSchema } from './notices/notice.ts';
import { CandidateSchema, netParts, type Candidate } from './runtime.ts';

/** Where each part of a job truly ran, and what had to be given up on the way. */
export const RuntimeReportSchema = v.strictObject({
  parts: v.array(v.strictObject({ part: v.picklist(netParts), ...CandidateSchema.entries })),
  notices: v.array(StoredNoticeSchema),
  /** The U-Net began elsewhere than it ended: its times are those of no place. */
  moved: v.exactOptional(v.literal(true)),
});
export type RuntimeReport = v.InferOutput<typeof RuntimeReportSchema>;

/** Where the U-Net ran: nearly all of a picture's time is its. */
export function unetPlace(report: RuntimeReport | undefined): Candidate | undefined {
  const unet = report?.parts.find(({ part }) => part === 'unet');
  if (unet === undefined) return undefined;
  const { provider, index, device, precision } = unet;
  return { provider, index, device, precision };
}

/** The same where what was measured is of that place alone, and can be compared. */
export function measuredPlace(report: RuntimeReport | undefined): Candidate | undefined {
  return report?.moved === true ? undefined : unetPlace(report);
}
