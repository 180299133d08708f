import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { changeMirrorRoutes } from './change-mirror-routes.ts'
import type { MirrorConfigurationDeps } from './mirror-deps.ts'
import { mirrorPlanRoutes } from './plan/plan-routes.ts'
import { mirrorRunRoutes } from './runs/run-routes.ts'
import { mirrorVersionRoutes } from './versions/mirror-version-routes.ts'

/** Mirrors, their plans and their runs. */
export const mirrorConfigurationRoutes =
  (deps: MirrorConfigurationDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    await app.register(changeMirrorRoutes(deps))
    await app.register(mirrorPlanRoutes(deps))
    await app.register(mirrorRunRoutes(deps))
    await app.register(mirrorVersionRoutes(deps))
  }
