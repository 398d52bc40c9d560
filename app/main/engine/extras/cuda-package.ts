import { createRequire } from 'node:module';
import * as v from 'valibot';
import { EngineError } from '#contract/errors.ts';
import { getJson, type Stated } from './download.ts';

/** The package on NuGet that holds CUDA's provider, as onnxruntime-node's own install script names it. */

const MetadataSchema = v.object({
  manifests: v.object({
    'linux/x64:cuda12': v.record(v.string(), v.object({ package: v.string(), path: v.string() })),
  }),
  packages: v.record(
    v.string(),
    v.object({
      name: v.string(),
      versions: v.pipe(v.array(v.object({ feed: v.string(), version: v.string() })), v.minLength(1)),
    }),
  ),
  feeds: v.record(v.string(), v.object({ type: v.literal('nuget'), index: v.pipe(v.string(), v.url()) })),
});

export interface CudaPackage {
  readonly name: string;
  readonly version: string;
  /** NuGet's service index, which says where everything is. */
  readonly index: string;
  /** File name → path in the package. */
  readonly files: ReadonlyMap<string, string>;
}

/** TensorRT's provider is in the package too and is not used. */
const neededFiles = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'];

export function cudaPackage(): CudaPackage {
  const require = createRequire(import.meta.url);
  const { manifests, packages, feeds } = v.parse(
    MetadataSchema,
    require('onnxruntime-node/script/install-metadata.js'),
  );
  const manifest = Object.entries(manifests['linux/x64:cuda12']);
  const found = packages[manifest[0]?.[1].package ?? ''];
  const [at] = found?.versions ?? [];
  const feed = feeds[at?.feed ?? ''];
  if (found === undefined || at === undefined || feed === undefined) throw changed('the package of CUDA');
  const files = new Map(
    neededFiles.map((name) => {
      const path = manifest.find(([file]) => file === `./${name}`)?.[1].path;
      if (path === undefined) throw changed(name);
      return [name, path];
    }),
  );
  return { name: found.name.toLowerCase(), version: at.version.toLowerCase(), index: feed.index, files };
}

const IndexSchema = v.object({ resources: v.array(v.object({ '@id': v.string(), '@type': v.string() })) });
const LeafSchema = v.object({
  packageContent: v.pipe(v.string(), v.url()),
  catalogEntry: v.pipe(v.string(), v.url()),
});
const CatalogSchema = v.object({
  packageHash: v.string(),
  packageHashAlgorithm: v.literal('SHA512'),
  packageSize: v.pipe(v.number(), v.integer(), v.minValue(1)),
});

/** Where the package is, and what the feed's catalog states of it (learn.microsoft.com/nuget/api/catalog-resource). */
export async function locate(
  { name, version, index }: CudaPackage,
  signal: AbortSignal | undefined,
): Promise<{ url: string; stated: Stated }> {
  const { resources } = await checked(index, IndexSchema, signal);
  const base = resources.find((resource) => resource['@type'].startsWith('RegistrationsBaseUrl'))?.['@id'];
  if (base === undefined) throw unexpected(index);
  const registration = `${base.replace(/\/?$/, '/')}${name}/${version}.json`;
  const { packageContent, catalogEntry } = await checked(registration, LeafSchema, signal);
  const { packageHash, packageSize } = await checked(catalogEntry, CatalogSchema, signal);
  return { url: packageContent, stated: { sizeBytes: packageSize, sha512Base64: packageHash } };
}

async function checked<S extends v.GenericSchema>(
  url: string,
  schema: S,
  signal: AbortSignal | undefined,
): Promise<v.InferOutput<S>> {
  const parsed = v.safeParse(schema, await getJson(url, signal));
  if (!parsed.success) throw unexpected(url);
  return parsed.output;
}

function unexpected(url: string): EngineError {
  return new EngineError(
    'EXTRA_FAILED',
    `${url} does not answer as NuGet does. Nothing was kept; try again later, or name another feed.`,
    { details: { url } },
  );
}

function changed(what: string): EngineError {
  return new EngineError('EXTRA_FAILED', `This version of onnxruntime-node no longer names ${what}.`);
}
