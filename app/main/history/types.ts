import type { Failure } from '#contract/studio/base.ts';
import type { Generation, MemoryFigure } from '#contract/studio/generation.ts';
import type { PresetChanges } from '#contract/studio/presets.ts';
import type { GenerationRequest } from '#contract/request.ts';

/** What the studio tells the history; what it hears back are the contract's own types. */

export interface NewGeneration {
  readonly batchId: string;
  /** `count` 1, its seed filled in. */
  readonly request: GenerationRequest;
  readonly model: Generation['model'];
}

export interface FinishedGeneration {
  readonly finishedAt: number;
  readonly figures: NonNullable<Generation['figures']>;
  readonly memory: readonly MemoryFigure[];
  readonly picture: SavedPicture;
  readonly hasMaps: boolean;
}

export interface SavedPicture {
  /** Below the pictures folder, with forward slashes. */
  readonly fileName: string;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly sizeBytes: number;
}

/** A picture that a rebuild found on the disk. */
export interface FoundGeneration {
  readonly id: string;
  readonly batchId: string;
  readonly createdAt: number;
  readonly request: GenerationRequest;
  readonly model: Generation['model'];
  readonly provider: string | null;
  readonly merging: Generation['merging'];
  readonly figures: Generation['figures'];
  readonly memory: readonly MemoryFigure[];
  readonly picture: SavedPicture;
  readonly hasMaps: boolean;
}

export interface ModelRow {
  readonly id: string;
  readonly path: string;
  /** The artist's own name; null = the file's. */
  readonly name: string | null;
  readonly hidden: boolean;
  readonly removed: boolean;
  readonly addedAt: number;
  /** What inspecting it told, and the state of the file it was told of. */
  readonly factsKey: string | null;
  readonly facts: unknown;
}

export interface FolderRow {
  readonly id: string;
  readonly path: string;
  readonly addedAt: number;
}

export interface PresetRow {
  readonly id: string;
  readonly name: string;
  readonly changes: PresetChanges;
}

export interface Notice {
  readonly code: Failure['code'];
  readonly message: string;
}
