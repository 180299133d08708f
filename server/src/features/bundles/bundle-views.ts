import { BundleManifest } from '@terrace/protocol/bundle/bundle-manifest.ts'
import { type Static, Type } from 'typebox'
import type { ObjectSource } from './object-sources.ts'
import type { BundlePlan } from './plan-bundle.ts'

const MAX_PLATFORMS = 100
const MAX_FILES = 2000
const MAX_PATHS = 200
const MAX_EARLIER_OBJECTS = 100_000
const MIN_PART_BYTES = 4096

const PLAN_EXAMPLE = {
  name: 'site-a',
  source: 'lock_file',
  lock_file: 'provider "registry.terraform.io/hashicorp/null" {\n  version = "3.2.1"\n}\n',
  platforms: ['linux_amd64'],
}

/** What a bundle is made from. */
export const PlanBody = Type.Object(
  {
    name: BundleManifest.properties.name,
    source: Type.Enum(['lock_file', 'configuration', 'definition', 'mirror'], {
      description: 'Which of the fields of that name says what is in it; configuration: files, with a lock_file if there is one',
    }),
    lock_file: Type.Optional(Type.String({ description: 'Text of .terraform.lock.hcl' })),
    files: Type.Optional(
      Type.Array(Type.Object({ path: Type.String({ minLength: 1, maxLength: 1000 }), text: Type.String() }), {
        minItems: 1,
        maxItems: MAX_FILES,
        description:
          'Configuration in native or JSON syntax; modules that it calls are in the bundle too, of this registry and of upstreams',
      }),
    ),
    program: Type.Optional(Type.Enum(['terraform', 'tofu'], { description: 'Whose configuration it is when no lock file is sent' })),
    definition: Type.Optional(Type.String({ description: 'Text of a definition file; of what matches, all that is held' })),
    mirror: Type.Optional(Type.String({ description: 'Id or name of a mirror; of what fits it, all that is held' })),
    platforms: Type.Optional(
      Type.Array(Type.String({ maxLength: 50 }), { maxItems: MAX_PLATFORMS, description: 'Default: every platform that is stored' }),
    ),
    part_bytes: Type.Optional(
      Type.Integer({ minimum: MIN_PART_BYTES, maximum: Number.MAX_SAFE_INTEGER, description: 'No part is larger; default 4000000000' }),
    ),
    since: Type.Optional(
      Type.Object(
        {
          name: Type.String({ maxLength: 100 }),
          sha256: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Of its manifest' }),
          objects: Type.Array(Type.Object({ path: Type.String(), sha256: Type.String() }), { maxItems: MAX_EARLIER_OBJECTS }),
        },
        { description: 'An earlier bundle, whose objects are left out' },
      ),
    ),
    allow_missing: Type.Optional(Type.Boolean({ description: 'Make it of what there is; default false' })),
  },
  { examples: [PLAN_EXAMPLE] },
)
export type PlanBody = Static<typeof PlanBody>

/** A manifest, or what stands in its way. */
export const PlanView = Type.Object(
  {
    manifest: Type.Union([Type.String(), Type.Null()], { description: 'The exact text; null while something is missing' }),
    signature: Type.Union([Type.String(), Type.Null()], { description: 'Base64 of the binary detached signature over the text' }),
    missing: Type.Array(
      Type.Object({
        object: Type.String(),
        state: Type.String(),
        hint: Type.String({ description: 'What to do about it' }),
        fetch_url: Type.Union([Type.String(), Type.Null()], { description: 'Following it brings the package or module here' }),
      }),
    ),
  },
  { $id: 'BundlePlan' },
)

/** Which objects are asked for. */
export const LinksBody = Type.Object(
  { paths: Type.Array(Type.String({ maxLength: 1000 }), { minItems: 1, maxItems: MAX_PATHS, description: 'As the manifest has them' }) },
  { examples: [{ paths: ['modules/terrace.example.net/acme/vpc/aws/1.0.0.tar.gz'] }] },
)

/** Where they are. */
export const LinksView = Type.Object(
  {
    objects: Type.Array(
      Type.Object({
        path: Type.String(),
        url: Type.Union([Type.String(), Type.Null()], { description: 'Signed link; null when the content is here' }),
        content: Type.Union([Type.String(), Type.Null()], { description: 'Base64, of checksum lists and their signatures' }),
      }),
    ),
  },
  { $id: 'BundleLinks' },
)

/** A plan as the API answers it. */
export function presentPlan({ signed, missing }: BundlePlan): Static<typeof PlanView> {
  return {
    manifest: signed?.text ?? null,
    signature: signed === undefined ? null : Buffer.from(signed.signature).toString('base64'),
    missing: missing.map(({ fetchUrl, ...item }) => ({ ...item, fetch_url: fetchUrl ?? null })),
  }
}

/** A source as the API answers it. */
export function presentSource(source: ObjectSource): Static<typeof LinksView>['objects'][number] {
  return 'url' in source
    ? { path: source.path, url: source.url, content: null }
    : { path: source.path, url: null, content: Buffer.from(source.content).toString('base64') }
}
