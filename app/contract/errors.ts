/** Every error that may cross a process line has one of these codes; docs/errors.md explains each. Codes are never reused. */
export const errorCodes = [
  'REQUEST_INVALID',
  'MODEL_NOT_FOUND',
  'MODEL_UNREADABLE',
  'MODEL_HEADER_INVALID',
  'MODEL_FORMAT_REFUSED',
  'MODEL_NOT_A_CHECKPOINT',
  'MODEL_KIND_UNSUPPORTED',
  'MODEL_CONFIG_INVALID',
  'MODEL_TENSORS_MISMATCH',
  'OUTPUT_UNWRITABLE',
  'ENGINE_BUSY',
  'ENGINE_DIED',
  'ENGINE_FAILED',
  'ENGINE_OUT_OF_MEMORY',
  'EXTRA_FAILED',
  'REQUEST_REFUSED',
  'GENERATION_NOT_FOUND',
  'PRESET_NOT_FOUND',
  'HISTORY_FROM_THE_FUTURE',
  'HISTORY_DAMAGED',
  'HISTORY_IN_USE',
  'HISTORY_UNWRITABLE',
  'ARCHIVE_INVALID',
  'PICTURE_UNREADABLE',
  'CHECK_INVALID',
  'CANCELLED',
  'BUG',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** JSON-safe facts that help a reader or a host: paths, names, limits. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** An expected failure that the user can act on. The message says what was wrong, what was found, what is allowed, what to do next. */
export class StudioError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.details = options.details ?? {};
  }
}

export class RequestError extends StudioError {}
export class ModelError extends StudioError {}
export class EngineError extends StudioError {}
export class OutputError extends StudioError {}
export class HistoryError extends StudioError {}
export class ContractError extends StudioError {}

/** The user asked to stop. Never shown as a failure. */
export class CancelledError extends StudioError {
  constructor(message = 'Cancelled.') {
    super('CANCELLED', message);
  }
}

/** A mistake of ours: logged whole, shown as a short text. */
export class BugError extends StudioError {
  constructor(message: string, cause?: unknown) {
    super('BUG', message, { cause });
  }
}

/** Throws a BugError unless the condition holds. Not for user input. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new BugError(message);
}

/** What is left of an error after it crossed a process line. */
export interface WireError {
  readonly name: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
  readonly stack?: string;
}

export function toWire(error: unknown): WireError {
  if (error instanceof StudioError) {
    const { name, code, message, details, stack } = error;
    return { name, code, message, details, ...(stack === undefined ? {} : { stack }) };
  }
  const cause = error instanceof Error ? error : new Error(String(error));
  return {
    name: 'BugError',
    code: 'BUG',
    message: cause.message,
    details: {},
    ...(cause.stack === undefined ? {} : { stack: cause.stack }),
  };
}

export function fromWire(wire: WireError): StudioError {
  if (wire.code === 'CANCELLED') return new CancelledError(wire.message);
  const error = new StudioError(wire.code, wire.message, { details: wire.details });
  error.name = wire.name;
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}
