import { KernelError } from '../errors.ts';
import {
  externalTensor,
  floatTensor,
  graphProto,
  intTensor,
  nodeProto,
  serializeModel,
  valueInfo,
  weightTypes,
  type Attribute,
  type Dim,
  type ElementType,
  type GraphProto,
  type NodeProto,
  type NodeSpec,
  type TensorProto,
} from '../onnx/proto.ts';
import type { WeightSource } from '../onnx/weights.ts';
import { cpuTarget, type GraphTarget } from './target.ts';

/** A tensor in the graph. `shape` holds numbers where they are fixed and names where only the run knows. */
export interface Value {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dim[];
}

export interface NodeOptions {
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: NodeSpec['domain'];
}

/** How the bytes of a stored tensor are read. */
export interface WeightReading {
  /** Under another shape of the same size (a 1×1 convolution as a matrix). */
  readonly as?: readonly number[];
  /** Only one of `count` equal parts along the first axis. */
  readonly part?: { readonly index: number; readonly count: number };
}

/** What a net asked of its weight source and did not get. */
export interface WeightProblem {
  readonly name: string;
  readonly expected: readonly number[];
  readonly found: readonly number[] | undefined;
}

/**
 * Collects nodes, weights and constants of one ONNX graph.
 *
 * Names are readable and depend only on the order of calls: `<scope>/<Op>_<n>`, n counted per scope and operator.
 * Operators are the functions of graph/ops; they are the only callers of `node`.
 */
export class GraphBuilder {
  readonly target: GraphTarget;
  readonly #source: WeightSource;
  readonly #initializers: TensorProto[] = [];
  readonly #inputs = new Map<string, Value>();
  readonly #outputs = new Map<string, Value>();
  readonly #shared = new Map<string, Value>();
  readonly #counts = new Map<string, number>();
  readonly #scopes: string[] = [];
  readonly #requested = new Map<string, readonly number[]>();
  readonly #problems = new Map<string, WeightProblem>();
  #nodes: NodeProto[] = [];
  /** How many branches the next node lies inside. */
  #depth = 0;

  constructor(source: WeightSource, target: GraphTarget = cpuTarget) {
    this.#source = source;
    this.target = target;
  }

  /** Runs `build` with `name` added to the scope of every node it makes. */
  scope<T>(name: string, build: () => T): T {
    this.#scopes.push(name);
    try {
      return build();
    } finally {
      this.#scopes.pop();
    }
  }

  input(name: string, type: ElementType, shape: readonly Dim[]): Value {
    const known = this.#inputs.get(name);
    if (known !== undefined) return known;
    const value = { name, type, shape };
    this.#inputs.set(name, value);
    return value;
  }

  /** Lets `value` leave the graph as `name`. */
  output(name: string, value: Value): void {
    if (this.#outputs.has(name))
      throw new KernelError('KERNEL_SHAPE', `The graph already has an output ${name}.`);
    this.#nodes.push(
      nodeProto({ op: 'Identity', name: `${name}/Identity`, inputs: [value.name], outputs: [name] }),
    );
    this.#outputs.set(name, { ...value, name });
  }

  /** A node with one output. */
  node(op: string, type: ElementType, shape: readonly Dim[], options: NodeOptions): Value {
    const [value] = this.nodes(op, [{ type, shape }], options);
    if (value === undefined) throw new KernelError('KERNEL_SHAPE', `${op} made no output.`);
    return value;
  }

  /** A node with several outputs. */
  nodes(op: string, outputs: readonly Omit<Value, 'name'>[], options: NodeOptions): Value[] {
    const name = this.#nextName(op);
    const values = outputs.map((o, i) => ({ ...o, name: outputs.length === 1 ? name : `${name}:${i}` }));
    const spec: NodeSpec = {
      op,
      name,
      inputs: options.inputs.map((v) => v?.name ?? ''),
      outputs: values.map((v) => v.name),
      ...(options.attributes === undefined ? {} : { attributes: options.attributes }),
      ...(options.domain === undefined ? {} : { domain: options.domain }),
    };
    this.#nodes.push(nodeProto(spec));
    return values;
  }

  /** A tensor of the checkpoint, in the type it is stored in; `shape` is what the checkpoint must have. */
  weight(name: string, shape: readonly number[], read: WeightReading = {}): Value {
    const { as = shape, part } = read;
    const label = part === undefined ? name : `${name}[${part.index}/${part.count}]`;
    const key = `weight ${label} ${as.join('x')}`;
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    this.#requested.set(name, shape);
    const range = this.#source.get(name);
    const matches = range?.shape.length === shape.length && shape.every((size, i) => size === range.shape[i]);
    if (range === undefined || !matches) {
      if (!this.#problems.has(name)) this.#problems.set(name, { name, expected: shape, found: range?.shape });
      return { name, type: 'f32', shape: as };
    }
    const sizeBytes = range.sizeBytes / (part?.count ?? 1);
    const offsetBytes = range.offsetBytes + sizeBytes * (part?.index ?? 0);
    const value: Value = { name: label, type: weightTypes[range.dtype], shape: as };
    this.#initializers.push(externalTensor(label, { ...range, sizeBytes, offsetBytes, shape: as }));
    this.#shared.set(key, value);
    return value;
  }

  /** An int64 constant; equal constants are shared. */
  ints(data: readonly number[], shape: readonly number[] = [data.length]): Value {
    return this.#constant(`ints ${shape.join('x')} ${data.join(' ')}`, 'i64', shape, (name) =>
      intTensor(name, shape, data),
    );
  }

  /** A constant of the float type that is computed in, or of another; equal constants are shared. */
  floats(
    data: readonly number[],
    shape: readonly number[] = [data.length],
    type: GraphTarget['float'] = this.target.float,
  ): Value {
    return this.#constant(`${type} ${shape.join('x')} ${data.join(' ')}`, type, shape, (name) =>
      floatTensor(name, shape, data, type),
    );
  }

  /**
   * A value that many places need: made at the first call, shared after it.
   * A branch's values end with the branch, so what is first asked for inside one is not kept.
   */
  once(key: string, build: () => Value): Value {
    const known = this.#shared.get(`once ${key}`);
    if (known !== undefined) return known;
    const made = this.scope('shared', build);
    if (this.#depth === 0) this.#shared.set(`once ${key}`, made);
    return made;
  }

  /** The nodes `build` makes, as a graph of their own (a branch of If); it sees every value made before it. */
  subgraph(name: string, build: () => readonly Value[]): GraphProto {
    return this.body(name, [], build);
  }

  /** The same with inputs of its own (the body of a loop): `build` gets one value for each of `inputs`. */
  body(
    name: string,
    inputs: readonly Omit<Value, 'name'>[],
    build: (...own: Value[]) => readonly Value[],
  ): GraphProto {
    const own = inputs.map((input, i): Value => ({
      ...input,
      name: `${this.#path([...this.#scopes, name])}/input_${i}_${String(this.#count(`input ${name} ${i}`))}`,
    }));
    const outer = this.#nodes;
    this.#nodes = [];
    this.#depth += 1;
    try {
      const results = this.scope(name, () => build(...own)).map((value, i) => {
        // A branch must own what it returns, so a value from outside leaves through an Identity.
        const result = `${this.#path([...this.#scopes, name])}/result_${i}_${String(this.#count(`result ${name} ${i}`))}`;
        this.#nodes.push(
          nodeProto({ op: 'Identity', name: result, inputs: [value.name], outputs: [result] }),
        );
        return valueInfo(result, value.type, value.shape);
      });
      return graphProto({
        name,
        nodes: this.#nodes,
        initializers: [],
        inputs: own.map((value) => valueInfo(value.name, value.type, value.shape)),
        outputs: results,
      });
    } finally {
      this.#depth -= 1;
      this.#nodes = outer;
    }
  }

  /** Every tensor asked for so far: name → shape. */
  get requestedWeights(): ReadonlyMap<string, readonly number[]> {
    return this.#requested;
  }

  /** The finished model. Throws KERNEL_WEIGHTS naming every tensor that is missing or has another shape. */
  build(name: string): Uint8Array {
    if (this.#problems.size > 0) {
      const lines = [...this.#problems.values()].map(
        (p) =>
          `${p.name}: expected [${p.expected.join(', ')}], found ${p.found ? `[${p.found.join(', ')}]` : 'nothing'}`,
      );
      throw new KernelError(
        'KERNEL_WEIGHTS',
        `The weights do not fit the configuration of ${name}:\n${lines.join('\n')}`,
      );
    }
    const info = (v: Value) => valueInfo(v.name, v.type, v.shape);
    return serializeModel(
      graphProto({
        name,
        nodes: this.#nodes,
        initializers: this.#initializers,
        inputs: [...this.#inputs.values()].map(info),
        outputs: [...this.#outputs.values()].map(info),
      }),
    );
  }

  #constant(
    key: string,
    type: ElementType,
    shape: readonly number[],
    make: (name: string) => TensorProto,
  ): Value {
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const value: Value = { name: `constant/${type}_${String(this.#count(`constant ${type}`))}`, type, shape };
    this.#initializers.push(make(value.name));
    this.#shared.set(key, value);
    return value;
  }

  #path(scopes: readonly string[]): string {
    return scopes.join('/');
  }

  #nextName(op: string): string {
    const prefix = this.#path([...this.#scopes, op]);
    return `${prefix}_${String(this.#count(prefix))}`;
  }

  #count(key: string): number {
    const n = this.#counts.get(key) ?? 0;
    this.#counts.set(key, n + 1);
    return n;
  }
}
