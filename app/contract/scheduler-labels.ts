import type { SchedulerName } from './request.ts';

/** What other studios call our schedulers. */
export interface SchedulerLabel {
  /** As A1111's menu showed it before 1.9, and as people say it. */
  readonly label: string;
  /** "Sampler" and "Schedule type" in the parameters text that A1111 writes since 1.9. */
  readonly sampler: string;
  readonly scheduleType: 'Automatic' | 'Karras';
}

const plain = (label: string): SchedulerLabel => ({ label, sampler: label, scheduleType: 'Automatic' });
const karras = (sampler: string): SchedulerLabel => ({
  label: `${sampler} Karras`,
  sampler,
  scheduleType: 'Karras',
});

export const schedulerLabels: Readonly<Record<SchedulerName, SchedulerLabel>> = {
  ddim: plain('DDIM'),
  pndm: plain('PLMS'),
  euler: plain('Euler'),
  euler_a: plain('Euler a'),
  euler_karras: karras('Euler'),
  heun: plain('Heun'),
  dpmpp_2m: plain('DPM++ 2M'),
  dpmpp_2m_karras: karras('DPM++ 2M'),
  dpmpp_2m_sde: plain('DPM++ 2M SDE'),
  unipc: plain('UniPC'),
  lcm: plain('LCM'),
};
