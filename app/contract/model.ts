/** What a checkpoint is, as both sides of a process line speak of it. */

/** Stable Diffusion 1.x · 2.x that predicts noise · 2.x that predicts velocity. */
export const modelKinds = ['sd1', 'sd2-base', 'sd2-v'] as const;
export type ModelKind = (typeof modelKinds)[number];

export type PredictionType = 'epsilon' | 'v_prediction' | 'sample';
export type TimestepSpacing = 'leading' | 'linspace' | 'trailing';
export type BetaSchedule = 'linear' | 'scaled_linear' | 'squaredcos_cap_v2';

/** The noise schedule a model was trained with: diffusers' scheduler_config.json, under TypeScript's case. */
export interface NoiseSchedule {
  readonly trainTimesteps: number;
  readonly betaStart: number;
  readonly betaEnd: number;
  readonly betaSchedule: BetaSchedule;
  readonly predictionType: PredictionType;
  /** `undefined`: each scheduler's own default. */
  readonly timestepSpacing?: TimestepSpacing;
  readonly stepsOffset: number;
  readonly setAlphaToOne: boolean;
  readonly rescaleBetasZeroSnr: boolean;
}

/** How a request's empty fields are filled for a model. */
export interface ModelDefaults {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly steps: number;
  readonly guidanceScale: number;
  readonly scheduler: string;
}
