import type { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { RegistryError } from '../../../base/errors.ts'
import { requireJob } from '../job-routes.ts'
import type { MirrorDeps } from '../mirror-deps.ts'
import { type EventStreamOptions, eventIdOf, hasEnded, streamJobEvents } from './job-event-stream.ts'
import { createJobWatch } from './job-watch.ts'

/** How many may follow jobs, and how. */
export interface JobEventsOptions extends EventStreamOptions {
  readonly pollMs: number
  /** Of one process. */
  readonly maxListeners: number
}

const DEFAULTS: JobEventsOptions = { pollMs: 1000, heartbeatMs: 15_000, lifeMs: 10 * 60_000, maxListeners: 200 }

const EVENTS = 'text/event-stream'
const IdParams = Type.Object({ id: Type.String() })
const Headers = Type.Object({ 'last-event-id': Type.Optional(Type.String({ maxLength: 200 })) })

/** The progress of jobs, live. */
export const jobEventsRoutes =
  (deps: Pick<MirrorDeps, 'queue' | 'logger'>, options: JobEventsOptions = DEFAULTS): FastifyPluginAsyncTypebox =>
  async (app) => {
    const onFailure = (err: unknown) => deps.logger.warn({ err }, 'jobs that are followed cannot be read; they are read again')
    const watch = createJobWatch({ queue: deps.queue, pollMs: options.pollMs, onFailure })
    const streams = new Set<Readable>()
    // A server that stops would wait for readers that wait for a job.
    app.addHook('preClose', async () => {
      for (const stream of streams) stream.push(null)
    })
    const schema = {
      summary: 'Follow a job',
      description:
        'Server-sent events: `progress` with the job whenever it has changed, `end` when it has ended. Come back with `Last-Event-ID` after an interruption, at whatever replica; 204 when there is nothing more to tell.',
      params: IdParams,
      headers: Headers,
      response: {
        200: { description: 'Events.', content: { [EVENTS]: { schema: Type.Unsafe<Readable>(Type.String()) } } },
        204: { description: 'The job has ended, and the reader knows.', type: 'null' },
      },
    }
    app.get(
      '/api/v1/admin/jobs/:id/events',
      { config: { requires: 'mirrors:read', rateLimitTier: 'api' }, schema },
      async (request, reply) => {
        const job = await requireJob(deps, request.params.id)
        const lastEventId = request.headers['last-event-id']
        if (hasEnded(job) && lastEventId === eventIdOf(job)) return reply.code(204).send()
        reply.header('content-type', EVENTS).header('cache-control', 'no-store').header('x-accel-buffering', 'no')
        if (request.method === 'HEAD') return reply.send()
        if (streams.size >= options.maxListeners) throw tooManyListeners(job.id)
        const stream = streamJobEvents({ ...options, watch, job, lastEventId })
        streams.add(stream)
        stream.once('close', () => streams.delete(stream))
        return reply.send(stream)
      },
    )
  }

function tooManyListeners(id: string): RegistryError {
  return new RegistryError('RATE_LIMITED', `Cannot follow job "${id}": too many follow jobs at this server`, {
    hint: 'Ask for the job itself every few seconds, or come back later',
    retryAfterSeconds: 10,
  })
}
