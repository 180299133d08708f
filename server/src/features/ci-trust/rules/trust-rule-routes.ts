import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { originOf } from '../../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../../base/http/pagination.ts'
import type { ExchangeDeps } from '../exchange/exchange-token.ts'
import { changeTrustRule, createTrustRule, deleteTrustRule, requireRule } from './change-trust-rules.ts'
import { ruleFilterOf, testTrustRules } from './test-trust-rules.ts'
import { countTrustRules, listTrustRules } from './trust-rule-queries.ts'
import { presentExplanation, presentTrustRule, TestResultView, TrustRuleView } from './trust-rule-views.ts'

const MAX_LIFE_MINUTES = 60
const DEFAULT_LIFE_MINUTES = 15
const PRINTABLE = '^[^\\u0000-\\u001f\\u007f]*[^\\u0000-\\u0020\\u007f][^\\u0000-\\u001f\\u007f]*$'
const NAMESPACE = '^[0-9A-Za-z](?:[0-9A-Za-z_-]{0,62}[0-9A-Za-z])?$'

const text = (maxLength: number, description: string) => Type.String({ minLength: 1, maxLength, pattern: PRINTABLE, description })

const content = {
  name: text(100, 'Unique in the organisation.'),
  issuer: text(500, 'Exactly as the claim `iss` has it, for example `https://token.actions.githubusercontent.com`.'),
  audience: text(500, 'What the claim `aud` must be; best the address of this registry.'),
  claims: Type.Record(Type.String({ minLength: 1, maxLength: 100 }), Type.String({ minLength: 1, maxLength: 500 }), {
    minProperties: 1,
    maxProperties: 30,
    description: 'Claim → exact text, or text with `*` for any characters. All must fit.',
  }),
  scopes: Type.Array(Type.String(), { minItems: 1, maxItems: 50 }),
}
const Namespaces = Type.Union([Type.Array(Type.String({ pattern: NAMESPACE }), { minItems: 1, maxItems: 100 }), Type.Null()], {
  description: 'The only namespaces that a key may change; null: all of the organisation.',
})
const LifeMinutes = Type.Integer({ minimum: 1, maximum: MAX_LIFE_MINUTES, description: 'Life of a key; default 15.' })
const Organization = Type.String({ minLength: 1, maxLength: 100, description: 'Id or name.' })

const CreateBody = Type.Object(
  {
    ...content,
    organization: Type.Optional(Organization),
    namespaces: Type.Optional(Namespaces),
    life_minutes: Type.Optional(LifeMinutes),
  },
  {
    additionalProperties: false,
    examples: [
      {
        name: 'release',
        issuer: 'https://token.actions.githubusercontent.com',
        audience: 'https://registry.example.com',
        claims: { repository: 'acme/network', ref: 'refs/tags/v*' },
        scopes: ['modules:write'],
        namespaces: ['acme'],
      },
    ],
  },
)
const ChangeBody = Type.Object(
  {
    ...Type.Partial(Type.Object(content)).properties,
    namespaces: Type.Optional(Namespaces),
    life_minutes: Type.Optional(LifeMinutes),
    enabled: Type.Optional(Type.Boolean()),
  },
  {
    additionalProperties: false,
    examples: [{ enabled: false }],
    minProperties: 1,
    description: 'What is left out stays. Keys that came from the rule end at once.',
  },
)
const TestBody = Type.Object(
  {
    token: Type.Optional(Type.String({ minLength: 1, maxLength: 16_384, description: 'Identity token; it is not used up.' })),
    claims: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'In place of a token: the claims that one would have.' }),
    ),
    organization: Type.Optional(Organization),
  },
  {
    additionalProperties: false,
    examples: [{ claims: { repository: 'acme/network', ref: 'refs/tags/v1.0.0' } }],
    oneOf: [{ required: ['token'] }, { required: ['claims'] }],
  },
)

const BASE = '/api/v1/trust-rules'
const TAGS = ['ci trust']
const Params = Type.Object({ id: Type.String() })
const forAdministrators = { requires: 'admin', within: 'organization' } as const

/** Which pipelines an organisation trusts. Source: requirements.md AUT-22. */
export function trustRuleRoutes(deps: ExchangeDeps): FastifyPluginAsyncTypebox {
  const { db } = deps.database
  return async (app) => {
    const listSchema = { tags: TAGS, summary: 'List trust rules', querystring: PageQuery, response: { 200: Paged(TrustRuleView) } }
    app.get(BASE, { config: forAdministrators, schema: listSchema }, async ({ actor, query }) => {
      const [filter, page] = [ruleFilterOf(actor), pageOf(query)]
      const rows = await listTrustRules(db, filter, page)
      return { items: rows.map(presentTrustRule), total: await countTrustRules(db, filter), ...page }
    })

    const showSchema = { tags: TAGS, summary: 'Show a trust rule', params: Params, response: { 200: TrustRuleView } }
    app.get(`${BASE}/:id`, { config: forAdministrators, schema: showSchema }, async ({ actor, params }) =>
      presentTrustRule(await requireRule(db, params.id, { actor, intent: 'show' })),
    )

    const testSchema = { tags: TAGS, summary: 'Explain which trust rule fits', body: TestBody, response: { 200: TestResultView } }
    const testing = { ...forAdministrators, action: 'trust_rule.test' }
    app.post(`${BASE}/test`, { config: testing, schema: testSchema }, async ({ actor, body }) => {
      const { verified, problem, matchedRule, explanations } = await testTrustRules(deps, { ...body, actor })
      return { verified, problem, matched_rule: matchedRule, rules: explanations.map(presentExplanation) }
    })
    await app.register(changeRoutes(deps))
  }
}

function changeRoutes(deps: ExchangeDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    const createSchema = { tags: TAGS, summary: 'Trust pipelines', body: CreateBody, response: { 201: TrustRuleView } }
    const creating = { ...forAdministrators, action: 'trust_rule.create' }
    app.post(BASE, { config: creating, schema: createSchema }, async (request, reply) => {
      const { life_minutes: lifeMinutes = DEFAULT_LIFE_MINUTES, namespaces = null, ...body } = request.body
      const rule = await createTrustRule(deps, { ...body, namespaces, lifeMinutes, by: originOf(request) })
      return reply.code(201).send(presentTrustRule(rule))
    })

    const changeSchema = {
      tags: TAGS,
      summary: 'Change, disable or enable a trust rule',
      params: Params,
      body: ChangeBody,
      response: { 200: TrustRuleView },
    }
    const changing = { ...forAdministrators, action: 'trust_rule.change' }
    app.patch(`${BASE}/:id`, { config: changing, schema: changeSchema }, async (request) => {
      const { life_minutes: lifeMinutes, ...body } = request.body
      const wish = { ...body, ...(lifeMinutes !== undefined && { lifeMinutes }), by: originOf(request) }
      return presentTrustRule(await changeTrustRule(deps, request.params.id, wish))
    })

    const deleteSchema = { tags: TAGS, summary: 'Delete a trust rule and its keys', params: Params, response: { 204: Type.Null() } }
    const deleting = { ...forAdministrators, action: 'trust_rule.delete' }
    app.delete(`${BASE}/:id`, { config: deleting, schema: deleteSchema }, async (request, reply) => {
      await deleteTrustRule(deps, request.params.id, originOf(request))
      return reply.code(204).send(null)
    })
  }
}
