import type { Candidate } from '#contract/runtime.ts';

/**
 * Where a picture was measured, as SQL over `generations AS g`: null in rows of which it was not told, and where the U-Net
 * began elsewhere than it ended.
 */

const partField = (field: 'provider' | 'device' | 'precision'): string =>
  `(SELECT part.value ->> '$.${field}' FROM json_each(g.figures_json, '$.runtime.parts') AS part
    WHERE part.value ->> '$.part' = 'unet' AND g.figures_json ->> '$.runtime.moved' IS NULL)`;

export const deviceSql = partField('device');
export const precisionSql = partField('precision');

/** True for rows of the place whose values `placeValues` gives. */
export const isAtPlaceSql = `${partField('provider')} = ? AND ${deviceSql} = ? AND ${precisionSql} = ?`;

export function placeValues({ provider, device, precision }: Candidate): [string, string, string] {
  return [provider, device, precision];
}
