import { ModelError } from '#contract/errors.ts';
import type { ModelKind, NoiseSchedule, PredictionType } from '#contract/model.ts';
import type { BesideConfig } from './beside.ts';
import type { FolderConfigs } from './config-folder.ts';
import type { KindFinding } from './parts.ts';

/** What the names of a single file tell for certain. */
export type Family = 'sd1' | 'sd2';

/** What a kind says about the prediction; 1.x files are told apart by their configuration alone. */
export function predictionOfKind(kind: ModelKind, schedule: NoiseSchedule): PredictionType {
  switch (kind) {
    case 'sd1':
      return schedule.predictionType;
    case 'sd2-base':
      return 'epsilon';
    case 'sd2-v':
      return 'v_prediction';
  }
}

export interface Clues {
  readonly path: string;
  readonly family: Family;
  /** The user's explicit choices. */
  readonly kind: ModelKind | undefined;
  readonly chosen: FolderConfigs | undefined;
  readonly beside: BesideConfig | undefined;
  readonly metadata: ReadonlyMap<string, string>;
  /** The file carries the mark "v_pred" that some fine-tunes use. */
  readonly marksVelocity: boolean;
}

export interface SingleFileKind extends KindFinding {
  readonly predictionType: PredictionType;
}

type Clue = readonly [PredictionType | undefined, KindFinding['kindSource'], string];

/** Names and shapes tell 1.x from 2.x, but not noise from velocity: the strongest clue for that wins. */
export function findSingleFileKind(clues: Clues): SingleFileKind {
  const { family, kind, chosen, beside, metadata } = clues;
  checkFamily(clues, kind, 'chosen');
  checkFamily(clues, beside?.kind, `given by ${beside?.source ?? ''}`);
  const source = beside?.source ?? '';
  const inOrder: readonly Clue[] = [
    [kindPrediction(kind), 'user', 'chosen by the user'],
    [chosen?.schedule?.schedule.predictionType, 'config', 'the chosen configuration folder says so'],
    [beside?.folder?.schedule?.schedule.predictionType, 'config', `${source} says so`],
    [kindPrediction(beside?.kind) ?? beside?.predictionType, 'config', `${source} says so`],
    [metadataPrediction(metadata), 'recognised', "the file's own metadata says so"],
    [clues.marksVelocity ? 'v_prediction' : undefined, 'recognised', 'the file carries the mark "v_pred"'],
    family === 'sd1'
      ? ['epsilon', 'recognised', 'CLIP tensor names: 1.x usually predicts noise']
      : [
          'v_prediction',
          'recognised',
          'OpenCLIP tensor names: 2.x usually predicts velocity (choose sd2-base if not)',
        ],
  ];
  const [prediction, from, reason] = inOrder.find(([type]) => type !== undefined) ?? [];
  const predictionType = prediction ?? 'epsilon';
  const found = family === 'sd1' ? 'sd1' : predictionType === 'v_prediction' ? 'sd2-v' : 'sd2-base';
  if (kind !== undefined)
    return { kind, kindSource: 'user', kindReason: 'chosen by the user', predictionType };
  return { kind: found, kindSource: from ?? 'recognised', kindReason: reason ?? '', predictionType };
}

/** 1.x says nothing about the prediction, so weaker clues still count. */
function kindPrediction(kind: ModelKind | undefined): PredictionType | undefined {
  if (kind === 'sd2-v') return 'v_prediction';
  return kind === 'sd2-base' ? 'epsilon' : undefined;
}

/** Stability AI's ModelSpec 1.0.0: modelspec.prediction_type, modelspec.architecture. */
function metadataPrediction(metadata: ReadonlyMap<string, string>): PredictionType | undefined {
  const said = metadata.get('modelspec.prediction_type')?.toLowerCase();
  if (said === 'v' || said === 'v_prediction') return 'v_prediction';
  if (said === 'epsilon' || said === 'eps') return 'epsilon';
  const architecture = metadata.get('modelspec.architecture')?.toLowerCase() ?? '';
  if (!architecture.startsWith('stable-diffusion-v2')) return undefined;
  return /-v($|\/)/.test(architecture) ? 'v_prediction' : 'epsilon';
}

/** The text encoder's names are a fact, so a kind of the other family cannot be meant. */
function checkFamily({ path, family }: Clues, kind: ModelKind | undefined, how: string): void {
  if (kind === undefined || kind.startsWith(family)) return;
  const names = family === 'sd1' ? 'CLIP (Stable Diffusion 1.x)' : 'OpenCLIP (Stable Diffusion 2.x)';
  const allowed = family === 'sd1' ? 'sd1' : 'sd2-base, sd2-v';
  throw new ModelError(
    'MODEL_CONFIG_INVALID',
    `The kind ${kind} was ${how} for ${path}, but its text encoder has the tensor names of ${names}. Allowed: ${allowed}, or leave the kind open.`,
    { details: { path, kind, family } },
  );
}
