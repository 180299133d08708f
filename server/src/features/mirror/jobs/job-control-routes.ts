import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { MirrorDeps } from '../mirror-deps.ts'
import { cancelJobRoutes } from './cancel-job-routes.ts'
import { jobEventsRoutes } from './job-events-routes.ts'

/** Following and cancelling jobs. */
export const jobControlRoutes =
  (deps: MirrorDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    await app.register(cancelJobRoutes(deps))
    await app.register(jobEventsRoutes(deps))
  }
