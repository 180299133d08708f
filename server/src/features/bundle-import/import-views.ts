import { formatPlatform } from '@terrace/protocol/platforms.ts'
import { type Static, Type } from 'typebox'
import type { RegistryError } from '../../base/errors.ts'
import type { ImportedVersion } from './import-provider-version.ts'
import type { ImportSummary } from './import-queries.ts'
import { MirrorDirectory } from './listing/list-directory.ts'
import type { ImportPlan } from './start-import.ts'

const Fingerprint = Type.String({ pattern: '^[0-9A-Fa-f]{40}(?:[0-9A-Fa-f]{24})?$' })
const Time = Type.String({ format: 'date-time' })
const strict = { additionalProperties: false } as const

const Bundle = Type.Object(
  {
    manifest: Type.String({ description: 'The text of NAME.manifest.json, byte for byte' }),
    signature: Type.String({ maxLength: 200_000, contentEncoding: 'base64', description: 'NAME.manifest.json.sig in base64' }),
  },
  strict,
)

/** Body that begins an import, or asks what it would do. */
export const ImportBody = Type.Object(
  {
    bundle: Type.Optional(Bundle),
    directory: Type.Optional(MirrorDirectory),
    dry_run: Type.Optional(Type.Boolean({ description: 'Only tell what would be added, kept and refused' })),
    trust_keys: Type.Optional(Type.Array(Fingerprint, { maxItems: 100, description: 'Keys of the bundle that are trusted from now on' })),
    allow_unsigned: Type.Optional(Type.Boolean({ description: 'Take what nothing signed speaks for, and mark it so for ever' })),
  },
  {
    ...strict,
    examples: [
      {
        dry_run: true,
        directory: {
          name: 'mirror',
          versions: [
            {
              hostname: 'registry.terraform.io',
              namespace: 'hashicorp',
              type: 'null',
              version: '3.2.4',
              packages: [{ platform: 'linux_amd64', size: 4_815_162, sha256: '0'.repeat(64), hashes: [] }],
            },
          ],
        },
      },
    ],
  },
)
export type ImportBody = Static<typeof ImportBody>

const Planned = {
  state: Type.String({ description: 'add, keep or refuse' }),
  bytes: Type.Integer({ description: 'Size of the file' }),
  reason: Type.Union([Type.Object({ code: Type.String(), message: Type.String(), hint: Type.String() }), Type.Null()]),
}

/** What an import does, before anything is sent. */
export const PlanView = Type.Object(
  {
    id: Type.Union([Type.String(), Type.Null()], { description: 'Of the import; null for a dry run' }),
    kind: Type.String({ description: 'bundle or directory' }),
    name: Type.String(),
    signed_by: Type.Union([Type.String(), Type.Null()], { description: 'Fingerprint of the key that signed the manifest' }),
    versions: Type.Array(
      Type.Object({
        hostname: Type.String(),
        namespace: Type.String(),
        type: Type.String(),
        version: Type.String(),
        signing_key: Type.Union([Type.String(), Type.Null()]),
        needs_list: Type.Boolean({ description: 'SHA256SUMS and its signature are to be sent too' }),
        packages: Type.Array(Type.Object({ platform: Type.String(), filename: Type.String(), ...Planned })),
      }),
    ),
    modules: Type.Array(
      Type.Object({
        hostname: Type.String({ description: 'Of the registry that it was published at' }),
        origin: Type.String({
          description: 'published: by users of the other registry, and then here; mirrored: fetched from an upstream',
        }),
        namespace: Type.String(),
        name: Type.String(),
        system: Type.String(),
        version: Type.String(),
        ...Planned,
      }),
    ),
    add: Type.Integer(),
    add_bytes: Type.Integer(),
    keep: Type.Integer(),
    refuse: Type.Integer(),
  },
  { $id: 'ImportPlan' },
)

/** What came of the files of one version. */
export const ImportedView = Type.Object(
  {
    added: Type.Array(Type.String({ description: 'Platform, or the module' })),
    kept: Type.Array(Type.String({ description: 'It was here already' })),
    bytes: Type.Integer({ description: 'That were stored' }),
  },
  { $id: 'ImportedFiles' },
)

/** An import in lists. */
export const ImportView = Type.Object(
  {
    id: Type.String(),
    kind: Type.String(),
    name: Type.String(),
    signed_by: Type.Union([Type.String(), Type.Null()]),
    added: Type.Integer({ description: 'Packages and modules that were stored' }),
    added_bytes: Type.Integer(),
    refused: Type.Integer({ description: 'Requests that were refused; the audit has the evidence' }),
    created_at: Time,
    created_by: Type.String(),
    finished_at: Type.Union([Time, Type.Null()], { description: 'null: it goes on, or was broken off' }),
  },
  { $id: 'Import' },
)

/** A plan as it is answered. */
export function presentPlan({ versions, modules }: ImportPlan): Omit<Static<typeof PlanView>, 'id' | 'kind' | 'name' | 'signed_by'> {
  const plans = [
    ...versions.flatMap(({ packages }) => packages.map((plan) => ({ state: plan.state, size: plan.item.size }))),
    ...modules.map(({ state, listed }) => ({ state, size: listed.archive.size })),
  ]
  const count = (state: string) => plans.filter((plan) => plan.state === state).length
  return {
    versions: versions.map(({ listed, packages, needsList }) => ({
      ...listed.address,
      version: listed.version,
      signing_key: listed.signingKey ?? null,
      needs_list: needsList,
      packages: packages.map((plan) => ({
        platform: formatPlatform(plan.item.platform),
        filename: plan.item.filename,
        state: plan.state,
        bytes: plan.item.size,
        reason: plan.state === 'refuse' ? presentReason(plan.reason) : null,
      })),
    })),
    modules: modules.map((plan) => ({
      hostname: plan.listed.hostname,
      origin: plan.listed.fetchedFrom === undefined ? 'published' : 'mirrored',
      ...plan.listed.address,
      version: plan.listed.version,
      state: plan.state,
      bytes: plan.listed.archive.size,
      reason: plan.state === 'refuse' ? presentReason(plan.reason) : null,
    })),
    add: count('add'),
    add_bytes: plans.filter(({ state }) => state === 'add').reduce((sum, { size }) => sum + size, 0),
    keep: count('keep'),
    refuse: count('refuse'),
  }
}

function presentReason({ code, message, hint = '' }: RegistryError) {
  return { code, message, hint }
}

/** What was done, as it is answered. */
export function presentImported({ added, kept, bytes }: ImportedVersion): Static<typeof ImportedView> {
  return { added: [...added], kept: [...kept], bytes }
}

/** An import, as it is answered. */
export function presentImport({
  signedBy,
  addedBytes,
  createdAt,
  createdBy,
  finishedAt,
  ...row
}: ImportSummary): Static<typeof ImportView> {
  return {
    ...row,
    signed_by: signedBy,
    added_bytes: addedBytes,
    created_at: new Date(createdAt).toISOString(),
    created_by: createdBy,
    finished_at: finishedAt === null ? null : new Date(finishedAt).toISOString(),
  }
}
