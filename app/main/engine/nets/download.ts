import { invariant } from '#contract/errors.ts';
import { GraphBuilder } from '#kernels/graph/builder.ts';
import { DeviceTensor } from '../device-tensor.ts';
import {
  createSession,
  type KeptTensor,
  type NamedTensor,
  type RuntimeOptions,
  type Session,
} from '../session.ts';

/**
 * Brings maps here from the device where they stayed, and disposes of them there: the ordinary output of a graph that
 * does nothing, since the runtime ends the process where it is asked for the numbers themselves.
 */
export class Downloader {
  readonly #options: RuntimeOptions;
  #session: Session | undefined;

  /** Of what lies there under these options. */
  constructor({ provider, deviceIndex }: RuntimeOptions) {
    this.#options = { ...(provider && { provider }), ...(deviceIndex === undefined ? {} : { deviceIndex }) };
  }

  /** int32 of two dimensions; what is here already comes as it is. */
  async bring(tensor: KeptTensor): Promise<NamedTensor> {
    if (!(tensor instanceof DeviceTensor)) return tensor;
    try {
      this.#session ??= await createSession(copyGraph(), '.', this.#options);
      const { here } = await this.#session.run({ there: tensor }, ['here']);
      invariant(here !== undefined, 'A copy gave nothing.');
      return here;
    } finally {
      tensor.dispose();
    }
  }

  async release(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.release();
  }
}

function copyGraph(): Uint8Array {
  const g = new GraphBuilder({ get: () => undefined, names: () => [] });
  g.output('here', g.input('there', 'i32', ['rows', 'columns']));
  return g.build('copy');
}
