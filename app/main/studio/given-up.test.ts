import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { EngineRequestSchema, type EngineEvent } from '#contract/engine-protocol.ts';
import { CancelledError, EngineError, toWire } from '#contract/errors.ts';
import type { Candidate } from '#contract/runtime.ts';
import type { EnginePort } from '#engine/port.ts';
import { hear, openStudio, small } from './testing.ts';

/** No test machine has two devices: where the engine goes on is a stand-in, and so is the engine. */
const elsewhere: Candidate = { provider: 'cpu', index: 0, device: 'Stand-in', precision: 'f32' };

/** An engine whose device fails: after a cancel was asked for, while its last step is made anew elsewhere, or in a picture that then fails. */
function standIn(ending: 'cancelled' | 'failed'): EnginePort {
  let listener: (message: unknown) => void = () => undefined;
  let exit: () => void = () => undefined;
  const say = (event: EngineEvent): void => {
    setImmediate(() => {
      listener(event);
    });
  };
  const end = (job: number, error: Error): void => {
    say({ type: 'next', id: job, place: elsewhere });
    say({ type: 'failed', id: job, error: toWire(error) });
  };
  const step = { picture: 0, call: 1, calls: 2, timestep: 999, tookMs: 1, effectiveRatio: 0, whole: true };
  return {
    pid: undefined,
    onMessage: (heard) => (listener = heard),
    onExit: (ended) => {
      exit = () => {
        ended({ code: 0, signal: null, lastWords: '' });
      };
    },
    kill: () => {
      exit();
    },
    post: (message) => {
      const request = v.parse(EngineRequestSchema, message);
      const { id } = request;
      if (request.type === 'backends') say({ type: 'backends', id, version: '0', names: ['cpu'] });
      if (request.type === 'generate') {
        say({ type: 'progress', id, ...step });
        if (ending === 'failed') end(id, new EngineError('ENGINE_FAILED', 'The model could not be run.'));
      }
      if (request.type === 'cancel') end(request.job, new CancelledError());
    },
  };
}

describe('where the next picture begins is told', () => {
  it.each(['cancelled', 'failed'] as const)('though the last one was %s (stand-in)', async (state) => {
    const { client } = await openStudio({ startEnginePort: () => standIn(state) });
    const { until } = await hear(client);
    await until('next', ({ place }) => place !== null);
    const { generations } = await client.queue.submit({ modelId: 'demo', request: small });
    if (state === 'cancelled') {
      await until('progress', ({ phase }) => phase === 'steps');
      await client.queue.cancel({ id: generations[0]?.id ?? '' });
    }
    expect((await until('finished')).generation.state).toBe(state);
    // A window that joins now begins with it.
    const late = await hear(client);
    expect((await late.until('next')).fallback).toEqual({ modelId: 'demo', place: elsewhere });
  });
});
