import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Db } from '../../../base/database/open-database.ts'
import { RegistryError } from '../../../base/errors.ts'
import { originOf } from '../../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../../base/http/pagination.ts'
import type { MirrorPolicy } from '../mirror-policy.ts'
import type { MirrorPolicyDeps } from '../mirror-policy-deps.ts'
import { readSubject } from '../policy-subjects.ts'
import { changeMirrorPolicy, createMirrorPolicyRule, deleteMirrorPolicy, requireMirrorPolicy } from './change-policies.ts'
import { findOrganization, listMirrorPolicies } from './policy-queries.ts'
import { MirrorPolicyView, PolicyTestView, presentPolicy, presentTest } from './policy-views.ts'

const MAX_PRIORITY = 1_000_000
const PRINTABLE = '^[^\\u0000-\\u001f\\u007f]*[^\\u0000-\\u0020\\u007f][^\\u0000-\\u001f\\u007f]*$'

const pattern = (description: string) => Type.String({ minLength: 1, maxLength: 253, pattern: '^[0-9A-Za-z.*_-]+$', description })

const content = {
  name: Type.String({ minLength: 1, maxLength: 100, pattern: PRINTABLE, description: 'Unique.' }),
  priority: Type.Integer({ minimum: -MAX_PRIORITY, maximum: MAX_PRIORITY, description: 'The highest is looked at first.' }),
  effect: Type.Enum(['allow', 'deny', 'require_approval']),
  upstream: pattern('Host name, `*` for any characters; default `*`.'),
  namespace: pattern('Namespace, `*` for any characters; default `*`.'),
  type: pattern('Type, `*` for any characters; default `*`.'),
  version: Type.Union([Type.String({ minLength: 1, maxLength: 200 }), Type.Null()], {
    description: 'Constraint like `>= 2.0`; null: all.',
  }),
  organization: Type.Union([Type.String({ minLength: 1, maxLength: 100 }), Type.Null()], {
    description: 'Id or name of the only organisation whose mirrors it is about; null: everybody.',
  }),
  reason: Type.String({ maxLength: 500, description: 'Shown to whoever it stops.' }),
  enabled: Type.Boolean({ description: 'Default true.' }),
}
const optional = Type.Partial(Type.Object(content)).properties
const CreateBody = Type.Object(
  { ...optional, name: content.name, priority: content.priority, effect: content.effect },
  {
    additionalProperties: false,
    examples: [{ name: 'No old releases', priority: 100, effect: 'deny', namespace: 'hashicorp', version: '< 3.0' }],
  },
)
const ChangeBody = Type.Object(optional, {
  additionalProperties: false,
  examples: [{ enabled: false }],
  minProperties: 1,
  description: 'What is left out stays.',
})
const TestBody = Type.Object(
  {
    address: Type.String({ minLength: 1, maxLength: 400, description: '`[HOST/]NAMESPACE/TYPE`' }),
    version: Type.Optional(
      Type.String({ minLength: 1, maxLength: 128, description: 'Without it: whether the upstream may be asked at all.' }),
    ),
    published_at: Type.Optional(Type.String({ format: 'date-time', description: 'For the cool-down; default: what is known here.' })),
    organization: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'Whose mirror would bring it; id or name.' })),
    on_demand: Type.Optional(Type.Boolean({ description: 'As when a client asks and nobody has loaded it; default false.' })),
  },
  { additionalProperties: false, examples: [{ address: 'hashicorp/random', version: '3.7.0' }] },
)

const BASE = '/api/v1/admin/mirror-policies'
const TAGS = ['mirror policies']
const Params = Type.Object({ id: Type.String() })

/** What the routes need. */
export interface PolicyRouteDeps extends MirrorPolicyDeps {
  readonly policy: MirrorPolicy
}

/** Rules about providers of upstreams, highest priority first. Source: requirements.md RBA-13, MIR-19, API-18. */
export function policyRoutes(deps: PolicyRouteDeps): FastifyPluginAsyncTypebox {
  const { db } = deps.database
  return async (app) => {
    const reading = { requires: 'mirrors:read' } as const
    const listSchema = {
      tags: TAGS,
      summary: 'List mirror policies, highest priority first',
      querystring: PageQuery,
      response: { 200: Paged(MirrorPolicyView) },
    }
    app.get(BASE, { config: reading, schema: listSchema }, async ({ query }) => {
      const page = pageOf(query)
      const [rows, order] = [await listMirrorPolicies(db), await deps.policy.rules()]
      const places = new Map(order.map(({ id }, index) => [id, index]))
      const sorted = rows.toSorted((a, b) => (places.get(a.id) ?? 0) - (places.get(b.id) ?? 0))
      return { items: sorted.slice(page.offset, page.offset + page.limit).map(presentPolicy), total: rows.length, ...page }
    })

    const showSchema = { tags: TAGS, summary: 'Show a mirror policy', params: Params, response: { 200: MirrorPolicyView } }
    app.get(`${BASE}/:id`, { config: reading, schema: showSchema }, async ({ params }) =>
      presentPolicy(await requireMirrorPolicy(db, params.id, 'show')),
    )

    const testSchema = { tags: TAGS, summary: 'Explain a decision', body: TestBody, response: { 200: PolicyTestView } }
    app.post(`${BASE}/test`, { config: { ...reading, action: 'mirror_policy.test' }, schema: testSchema }, async ({ body }) => {
      const { published_at: publishedAt, on_demand: onDemand, organization } = body
      const subject = {
        ...readSubject(body),
        onDemand,
        organizationId: organization === undefined ? undefined : await organizationId(db, organization),
        ...(publishedAt !== undefined && { publishedAt: Date.parse(publishedAt) }),
      }
      return presentTest(await deps.policy.decide(subject), await deps.policy.rules(), subject)
    })
    await app.register(changeRoutes(deps))
  }
}

function changeRoutes(deps: PolicyRouteDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    const managing = { requires: 'mirrors:manage' } as const
    const createSchema = { tags: TAGS, summary: 'Make a mirror policy', body: CreateBody, response: { 201: MirrorPolicyView } }
    app.post(BASE, { config: { ...managing, action: 'mirror_policy.create' }, schema: createSchema }, async (request, reply) => {
      const defaults = { upstream: '*', namespace: '*', type: '*', version: null, organization: null, reason: '', enabled: true }
      const row = await createMirrorPolicyRule(deps, { ...defaults, ...request.body }, originOf(request))
      return reply.code(201).header('location', `${BASE}/${row.id}`).send(presentPolicy(row))
    })

    const changeSchema = {
      tags: TAGS,
      summary: 'Change, disable or enable a mirror policy',
      params: Params,
      body: ChangeBody,
      response: { 200: MirrorPolicyView },
    }
    app.patch(`${BASE}/:id`, { config: { ...managing, action: 'mirror_policy.change' }, schema: changeSchema }, async (request) =>
      presentPolicy(await changeMirrorPolicy(deps, request.params.id, { ...request.body, by: originOf(request) })),
    )

    const deleteSchema = { tags: TAGS, summary: 'Delete a mirror policy', params: Params, response: { 204: Type.Null() } }
    app.delete(`${BASE}/:id`, { config: { ...managing, action: 'mirror_policy.delete' }, schema: deleteSchema }, async (request, reply) => {
      await deleteMirrorPolicy(deps, request.params.id, originOf(request))
      return reply.code(204).send(null)
    })
  }
}

async function organizationId(db: Db, idOrName: string): Promise<string> {
  const found = await findOrganization(db, idOrName)
  if (found !== undefined) return found.id
  throw new RegistryError('ORGANIZATION_NOT_FOUND', `Cannot test for organisation "${idOrName}": there is no such organisation`)
}
