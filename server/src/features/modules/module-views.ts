import { ModuleSummaryDocument } from '@terrace/protocol/documents/module-documents.ts'
import { Type } from 'typebox'
import type { ModuleRow, ModuleVersionRow } from './module-queries.ts'

const Text = Type.Union([Type.String(), Type.Null()])

/** A version as the user interface lists it. */
export const ModuleVersionView = Type.Object(
  {
    id: Type.String(),
    version: Type.String(),
    state: Type.Union([Type.Literal('published'), Type.Literal('deprecated'), Type.Literal('damaged'), Type.Literal('deleted')]),
    sha256: Type.String({ description: 'Of the stored archive' }),
    content_sha256: Type.String({ description: 'Of its content: equal for equal files' }),
    size: Type.Integer({ description: 'Bytes of the archive' }),
    commit: Type.Union([Type.String(), Type.Null()], {
      description: 'Git commit that the archive names, as git archive writes it; nobody has checked it',
    }),
    published_at: Type.String({ format: 'date-time' }),
    published_by: Type.String(),
    deprecation_message: Text,
    successor: Text,
    deleted_reason: Text,
    downloads: Type.Integer(),
  },
  { $id: 'ModuleVersion' },
)

/** A module in a list: what the extended registry API says of it, and its state. */
export const FoundModuleView = Type.Object(
  {
    ...ModuleSummaryDocument.properties,
    system: Type.String(),
    latest_version: Type.String({
      description: 'The newest that is neither a pre-release nor deprecated, else the newest that is no pre-release, else the newest',
    }),
    download_count: Type.Integer({ description: 'Of all versions together' }),
    deprecated: Type.Boolean(),
    deprecation_message: Text,
    successor: Text,
  },
  { $id: 'FoundModule' },
)

/** A module with its state. */
export const ModuleView = Type.Object(
  {
    namespace: Type.String(),
    name: Type.String(),
    system: Type.String(),
    description: Type.String(),
    source: Text,
    deprecated: Type.Boolean(),
    deprecation_message: Text,
    successor: Text,
    created_at: Type.String({ format: 'date-time' }),
    latest: Text,
    downloads: Type.Integer({ description: 'Of all versions together' }),
  },
  { $id: 'Module' },
)

/** Row → view. */
export function presentModule(row: ModuleRow, { latest, downloads }: { readonly latest: string | undefined; readonly downloads: number }) {
  return {
    namespace: row.namespace,
    name: row.name,
    system: row.system,
    description: row.description,
    source: row.sourceUrl,
    deprecated: row.deprecatedAt !== null,
    deprecation_message: row.deprecationMessage,
    successor: row.successor,
    created_at: new Date(row.createdAt).toISOString(),
    latest: latest ?? null,
    downloads,
  }
}

function stateOf(row: ModuleVersionRow) {
  if (row.deletedAt !== null) return 'deleted' as const
  if (row.damagedAt !== null) return 'damaged' as const
  return row.deprecatedAt === null ? ('published' as const) : ('deprecated' as const)
}

/** Row → view. */
export function presentModuleVersion(row: ModuleVersionRow, downloads: number) {
  return {
    id: row.id,
    version: row.version,
    state: stateOf(row),
    sha256: row.sha256,
    content_sha256: row.contentSha256,
    size: row.size,
    commit: row.commitSha,
    published_at: new Date(row.createdAt).toISOString(),
    published_by: row.createdBy,
    deprecation_message: row.deprecationMessage,
    successor: row.successor,
    deleted_reason: row.deletedReason,
    downloads,
  }
}
