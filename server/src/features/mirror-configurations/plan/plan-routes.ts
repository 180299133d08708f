import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { formatProviderAddress } from '@terrace/protocol/addresses.ts'
import { type Static, Type } from 'typebox'
import { requireMirror } from '../find-mirror.ts'
import type { MirrorConfigurationDeps } from '../mirror-deps.ts'
import { LeftOutView, MirrorParams, ScopeBody } from '../mirror-schemas.ts'
import { presentLeftOut } from '../present-mirror.ts'
import { checkScope } from '../runs/start-run.ts'
import { planRun, type RunPlan } from './plan-run.ts'

const PlanView = Type.Object(
  {
    versions: Type.Array(
      Type.Object({
        provider: Type.String(),
        version: Type.String(),
        bytes: Type.Integer(),
        packages: Type.Array(Type.Object({ platform: Type.String(), bytes: Type.Integer() })),
      }),
      { description: 'What a run would add' },
    ),
    packages: Type.Integer(),
    bytes: Type.Integer({ description: 'Of all packages' }),
    measured: Type.Integer({ description: 'Packages whose size the upstream told; that of the others is estimated by those' }),
    held: Type.Integer({ description: 'Wanted packages that are here already' }),
    blocked: Type.Array(
      Type.Object({
        provider: Type.String(),
        version: Type.String(),
        reason: Type.String({ description: 'cool_down, deleted or policy' }),
        why: Type.String(),
        until: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
      }),
    ),
    left_out: LeftOutView,
    problems: Type.Array(Type.Object({ object: Type.String(), code: Type.String(), message: Type.String() }), {
      description: 'What could not be planned, and why',
    }),
    free_bytes: Type.Union([Type.Integer(), Type.Null()], { description: 'Space that is left in the storage; null when it does not say' }),
    fits: Type.Boolean({ description: 'Whether the packages fit into the free space' }),
  },
  { $id: 'MirrorPlan' },
)

/** What a run would do. */
export const mirrorPlanRoutes =
  (deps: MirrorConfigurationDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const schema = {
      summary: 'Plan a run of a mirror',
      description: 'Asks the upstream, and fetches nothing: versions to add with their bytes, what is blocked and why, free space.',
      params: MirrorParams,
      body: ScopeBody,
      response: { 200: PlanView },
    }
    const config = { requires: 'mirrors:manage', within: 'organization', action: 'mirror.plan' } as const
    app.post('/api/v1/admin/mirrors/:id/plan', { config, schema }, async ({ actor, params, body }) => {
      const row = await requireMirror(deps.database.db, { idOrName: params.id, actor, scope: 'mirrors:manage', intent: 'plan a run of' })
      return presentPlan(await planRun(deps, row, checkScope(row, body.scope ?? {})))
    })
  }

function presentPlan({ packages, measured, held, blocked, leftOut, problems, freeBytes }: RunPlan): Static<typeof PlanView> {
  const bytes = sumOf(packages)
  const groups = Map.groupBy(packages, ({ address, version }) => `${formatProviderAddress(address)} ${version}`)
  const versions = [...groups].map(([key, members]) => {
    const [provider = '', version = ''] = key.split(' ')
    return { provider, version, bytes: sumOf(members), packages: members.map(({ platform, bytes: size }) => ({ platform, bytes: size })) }
  })
  return {
    versions,
    packages: packages.length,
    bytes,
    measured,
    held,
    blocked: blocked.map(({ until, ...rest }) => ({ ...rest, until: until === undefined ? null : new Date(until).toISOString() })),
    left_out: presentLeftOut(leftOut),
    problems: [...problems],
    free_bytes: freeBytes ?? null,
    fits: freeBytes === undefined || bytes <= freeBytes,
  }
}

function sumOf(packages: readonly { readonly bytes: number }[]): number {
  return packages.reduce((sum, { bytes }) => sum + bytes, 0)
}
