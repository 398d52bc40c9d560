import { GraphBuilder } from '#kernels/graph/builder.ts';
import { multiHeadAttention } from '#kernels/graph/ops/nn.ts';
import { cpuTarget, type GraphTarget } from '#kernels/graph/target.ts';
import { createSession, type RuntimeOptions } from '../session.ts';

/** What to build a net's graph for under these options. */
export async function graphTarget(options: RuntimeOptions): Promise<GraphTarget> {
  const { precision = 'f32' } = options;
  const { provider = 'cpu' } = options;
  // The form pays where the direct one computes at the processor's peak; it takes working memory for its tiles.
  const winogradFrom = provider === 'cpu' && options.memory !== 'low' ? cpuTarget.winogradFrom : Infinity;
  if (precision === 'int8') return { ...cpuTarget, products: 'int8', winogradFrom };
  if (provider !== 'webgpu') return { ...cpuTarget, float: precision, winogradFrom };
  const attention = (await isFusedAttentionRight(options)) ? 'fused' : 'plain';
  return { operators: 'device', attention, float: precision, products: 'float', winogradFrom };
}

const answers = new Map<number, Promise<boolean>>();

/**
 * Whether the device's fused attention averages what it should: onnxruntime 1.30's WebGPU kernel deals keys out to
 * subgroups of 8 and more, and is wrong without a word where they are smaller (SwiftShader's are of 4). Asked once a device.
 */
function isFusedAttentionRight(options: RuntimeOptions): Promise<boolean> {
  const device = options.deviceIndex ?? 0;
  const known = answers.get(device);
  if (known !== undefined) return known;
  const asked = tryFusedAttention(options);
  answers.set(device, asked);
  // A device that failed may work the next time.
  asked.catch(() => answers.delete(device));
  return asked;
}

/** The kernel for long sequences takes over at 32 queries. */
const QUERIES = 40;
const KEYS = 24;
const WIDTH = 8;

async function tryFusedAttention(options: RuntimeOptions): Promise<boolean> {
  const g = new GraphBuilder({ get: () => undefined, names: () => [] });
  const [q, k, v] = [
    g.input('q', 'f32', [1, QUERIES, WIDTH]),
    g.input('k', 'f32', [1, KEYS, WIDTH]),
    g.input('v', 'f32', [1, KEYS, WIDTH]),
  ];
  g.output('mixed', multiHeadAttention(g, q, k, v, { headCount: 1 }));
  const { provider, deviceIndex } = options;
  const where = { ...(provider && { provider }), ...(deviceIndex === undefined ? {} : { deviceIndex }) };
  const session = await createSession(g.build('attention-trial'), '.', where);
  try {
    // Queries of zeros weigh all keys alike: every query gets the mean of the values 0 … KEYS − 1.
    const values = Float32Array.from({ length: KEYS * WIDTH }, (_, i) => Math.floor(i / WIDTH));
    const feeds = {
      q: { data: new Float32Array(QUERIES * WIDTH), shape: [1, QUERIES, WIDTH] },
      k: { data: values, shape: [1, KEYS, WIDTH] },
      v: { data: values, shape: [1, KEYS, WIDTH] },
    };
    const { mixed } = await session.run(feeds, ['mixed']);
    return [...(mixed?.data ?? [])].every((value) => Math.abs(Number(value) - (KEYS - 1) / 2) < 1e-3);
  } finally {
    await session.release();
  }
}
