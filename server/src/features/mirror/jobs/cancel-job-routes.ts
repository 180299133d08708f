import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { RegistryError } from '../../../base/errors.ts'
import { originOf } from '../../../base/http/edge-types.ts'
import { recordAudit } from '../../audit/index.ts'
import { requireJob } from '../job-routes.ts'
import type { MirrorDeps } from '../mirror-deps.ts'

const IdParams = Type.Object({ id: Type.String() })

/** Ends a job before it has done everything; `/admin/api/jobs/:id/cancel` is the documented alias (C16). */
export const cancelJobRoutes =
  (deps: MirrorDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    for (const base of ['/api/v1/admin/jobs', '/admin/api/jobs']) {
      const schema = {
        summary: 'Cancel a job',
        description: 'What waits is not begun, what runs is broken off. What has been loaded stays.',
        params: IdParams,
        response: { 200: Type.Object({ cancelled: Type.Integer({ description: 'Items that had not ended' }) }) },
      }
      const config = { requires: 'mirrors:manage', rateLimitTier: 'api', action: 'job.cancel' } as const
      app.post(`${base}/:id/cancel`, { config, schema }, async (request) => {
        const { id } = request.params
        await requireJob(deps, id)
        return await deps.database.db.transaction().execute(async (tx) => {
          const cancelled = await deps.queue.cancel(tx, id)
          if (cancelled === 0) throw new RegistryError('JOB_ENDED', `Cannot cancel job "${id}": it has ended`)
          const details = { items: cancelled }
          await recordAudit(tx, { origin: originOf(request), at: deps.clock.now(), action: 'job.cancel', object: id, details })
          return { cancelled }
        })
      })
    }
  }
