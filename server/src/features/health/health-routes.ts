import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import type { UnixMs } from '../../base/clock.ts'
import type { Lifecycle } from '../../base/http/lifecycle.ts'
import { type CheckResults, createHealthChecks, type HealthDeps } from './health-checks.ts'

const CheckView = Type.Object({ status: Type.String({ description: '`ok` or `failed`.' }) })

const HealthView = Type.Object({
  status: Type.String({ description: '`ok`, `starting`, `stopping` or `failed`.' }),
  version: Type.String(),
  checks: Type.Object({ database: CheckView, storage: CheckView, s3: CheckView, cache: CheckView }),
  timestamp: Type.String({ description: 'ISO 8601, UTC.' }),
})

type HealthView = Static<typeof HealthView>

const ProbeView = Type.Object({ status: Type.String() })

const PROBE = { requires: 'public', rateLimitTier: 'none', alwaysOn: true } as const
const HEALTH = { requires: 'public', rateLimitTier: 'api', alwaysOn: true } as const
const UNAVAILABLE = 503

interface HealthFacts {
  readonly state: Lifecycle['state']
  readonly version: string
  readonly nowMs: UnixMs
}

function presentHealth({ database, storage }: CheckResults, { state, version, nowMs }: HealthFacts): HealthView {
  const failed = database === 'failed' || storage === 'failed'
  const running = state === 'ready' ? 'ok' : state
  return {
    status: failed ? 'failed' : running,
    version,
    // Objects are served straight from the storage: the cache has no state of its own.
    checks: { database: { status: database }, storage: { status: storage }, s3: { status: storage }, cache: { status: 'ok' } },
    timestamp: new Date(nowMs).toISOString(),
  }
}

/**
 * `/livez`: the process answers, nothing else is asked. `/readyz`: it may be sent requests. `/health`: the state of each
 * dependency, with `s3` as an alias of `storage`.
 * Source: requirements.md OBS-01, OBS-02, C27
 */
export function healthRoutes(deps: HealthDeps & { readonly lifecycle: Lifecycle }): FastifyPluginAsyncTypebox {
  const { lifecycle, clock } = deps
  const checks = createHealthChecks(deps)
  return async (app) => {
    app.addHook('onRequest', (_request, reply, done) => {
      reply.header('cache-control', 'no-store')
      done()
    })

    const probe = (summary: string) => ({ tags: ['health'], summary, response: { '2xx': ProbeView, 503: ProbeView } })

    app.get('/livez', { config: PROBE, schema: probe('The process answers') }, () => ({ status: 'ok' }))

    app.get('/readyz', { config: PROBE, schema: probe('Requests may be sent here') }, async (_request, reply) => {
      if (lifecycle.state !== 'ready') return reply.code(UNAVAILABLE).send({ status: lifecycle.state })
      const status = await checks.database()
      return reply.code(status === 'ok' ? 200 : UNAVAILABLE).send({ status })
    })

    const healthSchema = { tags: ['health'], summary: 'State of the dependencies', response: { 200: HealthView, 503: HealthView } }
    app.get('/health', { config: HEALTH, schema: healthSchema }, async (_request, reply) => {
      const health = presentHealth(await checks.all(), { state: lifecycle.state, version: app.productVersion, nowMs: clock.now() })
      return reply.code(health.status === 'ok' ? 200 : UNAVAILABLE).send(health)
    })
  }
}
