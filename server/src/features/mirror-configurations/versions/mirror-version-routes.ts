import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import { RegistryError } from '../../../base/errors.ts'
import { Paged, PageQuery, pageOf } from '../../../base/http/pagination.ts'
import { requireMirror } from '../find-mirror.ts'
import type { MirrorConfigurationDeps } from '../mirror-deps.ts'
import type { MirrorRow } from '../mirror-queries.ts'
import { MirrorParams } from '../mirror-schemas.ts'
import { countMirrorVersions, listMirrorVersions, type MirrorVersionFilter } from './mirror-version-queries.ts'

const Time = (description: string) => Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description })

const MirrorVersionView = Type.Object(
  {
    provider: Type.String({ description: 'HOST/NAMESPACE/TYPE' }),
    version: Type.String(),
    first_seen_at: Type.String({ format: 'date-time', description: 'When this mirror first saw it at the upstream' }),
    published_at: Time('As the upstream says; null when it does not say, or was not asked'),
    brought: Type.Boolean({ description: 'Whether a run of this mirror has taken packages of it' }),
    run: Type.Union([Type.Integer(), Type.Null()], { description: 'The first of these runs' }),
    job_id: Type.Union([Type.String(), Type.Null()], { description: 'Its job' }),
    state: Type.String({ description: 'What it is here now: held, deprecated, blocked, deleted, or absent' }),
    packages: Type.Integer({ description: 'Platforms of which a package is held' }),
    signed_by: Type.Union([Type.String(), Type.Null()], { description: 'Fingerprint of the key that signed what is held' }),
    verification_warning: Type.Union([Type.String(), Type.Null()]),
  },
  { $id: 'MirrorVersion' },
)

const VersionQuery = Type.Object({
  ...PageQuery.properties,
  provider: Type.Optional(Type.String({ maxLength: 130, description: 'NAMESPACE/TYPE' })),
  brought: Type.Optional(Type.Boolean({ description: 'true: only what runs have taken; false: only what was seen and left' })),
})

/** Which versions a mirror has seen, and which of them it brought. Source: requirements.md MIR-17. */
export const mirrorVersionRoutes =
  (deps: MirrorConfigurationDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const { db } = deps.database
    const schema = {
      summary: 'Versions that a mirror has seen and brought',
      description: 'Those first that it saw last.',
      params: MirrorParams,
      querystring: VersionQuery,
      response: { 200: Paged(MirrorVersionView) },
    }
    const config = { requires: 'mirrors:read', within: 'organization' } as const
    app.get('/api/v1/admin/mirrors/:id/versions', { config, schema }, async ({ actor, params, query }) => {
      const mirror = await requireMirror(db, { idOrName: params.id, actor, scope: 'mirrors:read', intent: 'list the versions of' })
      const filter = { mirror, brought: query.brought, ...readProvider(mirror, query.provider) }
      const page = pageOf(query)
      const [rows, total] = await Promise.all([listMirrorVersions(db, filter, page), countMirrorVersions(db, filter)])
      return { items: rows.map((row) => presentVersion(mirror, row)), total, ...page }
    })
  }

function readProvider(mirror: MirrorRow, provider: string | undefined): Pick<MirrorVersionFilter, 'namespace' | 'type'> {
  if (provider === undefined) return {}
  const [namespace = '', type = '', ...rest] = provider.toLowerCase().replace(`${mirror.hostname}/`, '').split('/')
  if (namespace !== '' && type !== '' && rest.length === 0) return { namespace, type }
  throw new RegistryError('RULE_BROKEN', `Cannot list the versions of mirror "${mirror.name}": "${provider}" is no NAMESPACE/TYPE`)
}

type VersionRow = Awaited<ReturnType<typeof listMirrorVersions>>[number]

function presentVersion({ hostname }: MirrorRow, row: VersionRow): Static<typeof MirrorVersionView> {
  const packages = row.deletedAt === null ? Number(row.packages) : 0
  const isHeld = packages > 0
  return {
    provider: `${hostname}/${row.namespace}/${row.type}`,
    version: row.version,
    first_seen_at: new Date(row.firstSeenAt).toISOString(),
    published_at: row.publishedAt === null ? null : new Date(row.publishedAt).toISOString(),
    brought: row.jobId !== null,
    run: row.runNumber,
    job_id: row.jobId,
    state: stateOf(row, isHeld),
    packages,
    signed_by: isHeld ? row.signingKeyFingerprint : null,
    verification_warning: isHeld ? row.verificationWarning : null,
  }
}

function stateOf({ heldId, blockedAt, deprecatedAt }: VersionRow, isHeld: boolean): string {
  if (!isHeld) return heldId === null ? 'absent' : 'deleted'
  if (blockedAt !== null) return 'blocked'
  return deprecatedAt === null ? 'held' : 'deprecated'
}
