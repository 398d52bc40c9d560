/** What `--what` names. */
export const topics = [
  'block',
  'overhead',
  'unet-demo',
  'unet-sd15',
  'unet-sd21',
  'ends',
  'pictures',
  'start',
  'memory',
  'latency',
] as const;
export type Topic = (typeof topics)[number];
