import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { originOf } from '../../../base/http/edge-types.ts'
import { ModuleParams, ModuleVersionParams } from '../module-routes.ts'
import type { ModulesDeps } from '../modules-deps.ts'
import { readModuleAddress, readModuleVersion } from '../read-module-address.ts'
import { deleteModule, deleteModuleVersion, deprecateModule } from './change-module.ts'

const MarkBody = Type.Object(
  {
    deprecated: Type.Boolean(),
    message: Type.Optional(Type.String({ maxLength: 500, description: 'What callers should do' })),
    successor: Type.Optional(Type.String({ maxLength: 200, description: 'Version or module address that takes its place' })),
  },
  { additionalProperties: false, examples: [{ deprecated: true, message: 'Use acme/network/aws', successor: 'acme/network/aws' }] },
)

const DeleteBody = Type.Object(
  { reason: Type.String({ minLength: 1, maxLength: 500, pattern: '\\S' }) },
  { additionalProperties: false, examples: [{ reason: 'Opens a port to everyone' }] },
)

const BASE = '/api/v1/modules/:namespace/:name/:system'
const config = { requires: 'modules:write', within: 'organization', rateLimitTier: 'api' } as const
const response = { 204: Type.Null() }

/** Deprecating and withdrawing modules. */
export const changeModuleRoutes =
  (deps: ModulesDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.patch(
      BASE,
      {
        config,
        schema: { tags: ['modules'], summary: 'Deprecate a module, or take it back', params: ModuleParams, body: MarkBody, response },
      },
      async (request, reply) => {
        const { deprecated, message = '', successor } = request.body
        const mark = { deprecated, message, successor }
        await deprecateModule(deps, { by: originOf(request), address: readModuleAddress(request.params), version: undefined, mark })
        return reply.code(204).send(null)
      },
    )
    app.patch(
      `${BASE}/:version`,
      {
        config,
        schema: {
          tags: ['modules'],
          summary: 'Deprecate a version, or take it back',
          params: ModuleVersionParams,
          body: MarkBody,
          response,
        },
      },
      async (request, reply) => {
        const { deprecated, message = '', successor } = request.body
        const version = readModuleVersion(request.params.version)
        const mark = { deprecated, message, successor }
        await deprecateModule(deps, { by: originOf(request), address: readModuleAddress(request.params), version, mark })
        return reply.code(204).send(null)
      },
    )
    app.delete(
      BASE,
      {
        config,
        schema: { tags: ['modules'], summary: 'Withdraw every version for ever', params: ModuleParams, body: DeleteBody, response },
      },
      async (request, reply) => {
        await deleteModule(deps, { by: originOf(request), address: readModuleAddress(request.params), reason: request.body.reason })
        return reply.code(204).send(null)
      },
    )
    app.delete(
      `${BASE}/:version`,
      {
        config,
        schema: { tags: ['modules'], summary: 'Withdraw a version for ever', params: ModuleVersionParams, body: DeleteBody, response },
      },
      async (request, reply) => {
        await deleteModuleVersion(deps, {
          by: originOf(request),
          address: readModuleAddress(request.params),
          version: readModuleVersion(request.params.version),
          reason: request.body.reason,
        })
        return reply.code(204).send(null)
      },
    )
  }
