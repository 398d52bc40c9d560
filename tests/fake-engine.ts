import * as v from 'valibot';
import { NoticeSchema, type Notice } from '#contract/notices/notice.ts';
import { connectParent } from '#engine/port.ts';

/** A process that speaks the engine's protocol without any model: the prompt says how it should behave. */
const port = connectParent();
port.onClose(() => process.exit());

/** Any will do: it tells a listener that the job was begun. */
const notice: Notice = { code: 'importance-idle' };

const behaviours: Record<string, (id: number) => void> = {
  'end well': (id) => {
    port.post({ type: 'warning', id, notice });
    postPicture(id);
    const peakMemory = { bytes: 1, source: 'nothing' };
    port.post({ type: 'done', id, figures: { loadMs: 0, totalMs: 1, peakMemory } });
  },
  fail: (id) => {
    const error = {
      name: 'ModelError',
      code: 'MODEL_NOT_FOUND',
      message: 'No such model.',
      details: { path: 'x' },
    };
    port.post({ type: 'failed', id, error });
  },
  'exit 3': () => {
    process.stderr.write('first line\nthe last line\n', () => process.exit(3));
  },
  'die on a card': (id) => {
    if (providers.includes('webgpu')) process.stderr.write('driver fell', () => process.exit(139));
    else for (const given of notices) port.post({ type: 'warning', id, notice: given });
    if (providers.includes('webgpu')) return;
    port.post({ type: 'next', id, place: processor });
    behaviours['end well']?.(id);
  },
  'speak nonsense': (id) => {
    port.post({ type: 'progress', id, call: 'one' });
  },
  'answer another': (id) => {
    port.post({ type: 'done', id: id + 100 });
    behaviours['end well']?.(id);
  },
  wait: (id) => {
    port.post({ type: 'warning', id, notice });
  },
  'ignore cancel': (id) => {
    port.post({ type: 'warning', id, notice });
  },
  keep: (id) => {
    port.post({ type: 'warning', id, notice });
  },
  move: (id) => {
    port.post({ type: 'warning', id, notice });
  },
};

function postPicture(id: number): void {
  port.post({
    type: 'picture',
    id,
    picture: 0,
    seed: 7,
    widthPx: 2,
    heightPx: 1,
    rgb: Uint8Array.of(1, 2, 3, 4, 5, 250),
    figures: { tokeniseMs: 0, textMs: 0, stepsMs: [1], decodeMs: 0, decodeTiles: 1, totalMs: 1 },
  });
}

const processor = { provider: 'cpu', index: 0, device: 'CPU', precision: 'f32' };

/** Longer than the limit of a cancel in the tests. */
const keepingMs = 200;

/** Of the job that came last. */
let providers: string[] = [];
let notices: Notice[] = [];
let waiting = 0;
let deaf = false;
let keeps = false;
let moves = false;
port.onMessage((message) => {
  if (typeof message !== 'object' || message === null || !('type' in message) || !('id' in message)) return;
  const id = Number(message.id);
  if (message.type === 'generate' && 'request' in message) {
    const prompt = promptOf(message.request);
    ({ providers, notices } = placesOf(message));
    waiting = id;
    deaf = prompt === 'ignore cancel';
    keeps = prompt === 'keep';
    moves = prompt === 'move';
    behaviours[prompt]?.(id);
  } else if (message.type === 'cancel' && !deaf) {
    const error = { name: 'CancelledError', code: 'CANCELLED', message: 'Cancelled.', details: {} };
    const end = () => {
      if (moves) {
        postPicture(waiting);
        port.post({ type: 'next', id: waiting, place: processor });
      }
      port.post({ type: 'failed', id: waiting, error });
    };
    if (!keeps) end();
    else {
      port.post({ type: 'keeping', id: waiting, pictures: 1 });
      setTimeout(() => {
        postPicture(waiting);
        end();
      }, keepingMs);
    }
  } else if (message.type === 'load') {
    port.post({ type: 'loaded', id, tookMs: 5 });
  } else if (message.type === 'unload') {
    port.post({ type: 'done', id });
  }
});

function promptOf(request: unknown): string {
  return typeof request === 'object' && request !== null && 'prompt' in request ? String(request.prompt) : '';
}

function placesOf(message: object): { providers: string[]; notices: Notice[] } {
  const { candidates, notices: given } = v.parse(
    v.object({ candidates: v.array(v.object({ provider: v.string() })), notices: v.array(NoticeSchema) }),
    message,
  );
  return { providers: candidates.map(({ provider }) => provider), notices: given };
}
