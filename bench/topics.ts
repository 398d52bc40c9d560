/** What `--what` names. */
export const topics = [
  'block',
  'unet-demo',
  'unet-sd15',
  'unet-sd21',
  'ends',
  'pictures',
  'start',
  'memory',
] as const;
export type Topic = (typeof topics)[number];
