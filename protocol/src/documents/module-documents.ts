import { type Static, Type } from 'typebox'

/**
 * Sent: answer of `…/:namespace/:name/:system/versions`. Exactly one element in `modules`: trivy insists on it, Terraform fails on
 * none. `source` is the web address of the repository, which renovate and dependabot read. Source: protocol.md 2.3, B70.
 */
export const ModuleVersionsDocument = Type.Object({
  modules: Type.Array(
    Type.Object({
      source: Type.String({ description: 'Web address of the repository, or the module address' }),
      versions: Type.Array(Type.Object({ version: Type.String({ description: 'Canonical semantic version without "v"' }) })),
    }),
    { minItems: 1, maxItems: 1 },
  ),
})
export type ModuleVersionsDocument = Static<typeof ModuleVersionsDocument>

/** Sent to OpenTofu 1.12 and later instead of `204`: where the archive is. Source: protocol.md 6.1. */
export const ModuleLocationDocument = Type.Object({
  location: Type.String(),
  use_registry_credentials: Type.Boolean({ description: 'Always false: the link needs no token' }),
})
export type ModuleLocationDocument = Static<typeof ModuleLocationDocument>

const summary = {
  id: Type.String({ description: 'NAMESPACE/NAME/SYSTEM/VERSION' }),
  owner: Type.String(),
  namespace: Type.String(),
  name: Type.String(),
  version: Type.String(),
  provider: Type.String({ description: 'The system' }),
  provider_logo_url: Type.String(),
  description: Type.String(),
  source: Type.String(),
  tag: Type.String(),
  published_at: Type.String({ description: 'RFC 3339, UTC' }),
  downloads: Type.Integer(),
  verified: Type.Boolean(),
}

/** A module's latest version in lists. Source: protocol.md 6.4. */
export const ModuleSummaryDocument = Type.Object(summary)
export type ModuleSummaryDocument = Static<typeof ModuleSummaryDocument>

/** Position in a list; `next_…` only when there is more, `prev_…` only when something comes before. Source: protocol.md 6.4. */
export const ListMeta = Type.Object({
  limit: Type.Integer(),
  current_offset: Type.Integer(),
  next_offset: Type.Optional(Type.Integer()),
  prev_offset: Type.Optional(Type.Integer()),
  next_url: Type.Optional(Type.String()),
  prev_url: Type.Optional(Type.String()),
})
export type ListMeta = Static<typeof ListMeta>

/** Sent: lists and searches of the extended API. Source: protocol.md 6.4. */
export const ModuleListDocument = Type.Object({ meta: ListMeta, modules: Type.Array(ModuleSummaryDocument) })
export type ModuleListDocument = Static<typeof ModuleListDocument>

/** The root, a submodule or an example of a module. Source: protocol.md 6.4. */
export const ModulePartDocument = Type.Object({
  path: Type.String({ description: 'Empty for the root, else like modules/x' }),
  name: Type.String(),
  readme: Type.String(),
  empty: Type.Boolean(),
  inputs: Type.Array(
    Type.Object({
      name: Type.String(),
      type: Type.String(),
      description: Type.String(),
      default: Type.String({ description: 'JSON text, empty when there is none' }),
      required: Type.Boolean(),
    }),
  ),
  outputs: Type.Array(Type.Object({ name: Type.String(), description: Type.String() })),
  dependencies: Type.Array(Type.Object({ name: Type.String(), source: Type.String(), version: Type.String() })),
  provider_dependencies: Type.Array(
    Type.Object({ name: Type.String(), namespace: Type.String(), source: Type.String(), version: Type.String() }),
  ),
  resources: Type.Array(Type.Object({ name: Type.String(), type: Type.String() })),
})
export type ModulePartDocument = Static<typeof ModulePartDocument>

/** Sent: one version of a module with all that is known of it. Source: protocol.md 6.4. */
export const ModuleDetailDocument = Type.Object({
  ...summary,
  root: ModulePartDocument,
  submodules: Type.Array(ModulePartDocument),
  examples: Type.Array(ModulePartDocument),
  providers: Type.Array(Type.String(), { description: 'Systems for which a module of this name exists' }),
  versions: Type.Array(Type.String()),
  deprecation: Type.Union([Type.Null(), Type.Object({ reason: Type.String(), link: Type.String() })]),
})
export type ModuleDetailDocument = Static<typeof ModuleDetailDocument>
