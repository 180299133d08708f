import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { DIALECTS } from '../../../testing/dialects.ts'
import { definitionOf, upload } from '../../../testing/mirror-jobs.ts'
import { type OpenTestApp, openTestApp, type TestApp, testApp } from '../../../testing/test-app.ts'
import { jobEventsRoutes } from './job-events-routes.ts'

interface SeenEvent {
  readonly event: string
  readonly id: string
  readonly data: { readonly state: string; readonly total: number; readonly pending: number; readonly completed: number }
}

function parseEvents(text: string): SeenEvent[] {
  return text
    .split('\n\n')
    .filter((block) => block.startsWith('event: '))
    .map((block) => {
      const [event = '', id = '', data = ''] = block.split('\n').map((line) => line.slice(line.indexOf(': ') + 2))
      return { event, id, data: JSON.parse(data) as SeenEvent['data'] }
    })
}

/** A reader on a connection of its own; `fast` looks often, so that tests do not wait. */
async function openReader(app: TestApp, options: Partial<Parameters<typeof jobEventsRoutes>[1] & object> = {}) {
  const server = Fastify()
  await server.register(jobEventsRoutes(app.deps, { pollMs: 10, heartbeatMs: 60_000, lifeMs: 60_000, maxListeners: 2, ...options }))
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => server.close())
  return {
    server,
    async read(id: string, lastEventId?: string) {
      const control = new AbortController()
      const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
      const response = await fetch(`${url}/api/v1/admin/jobs/${id}/events`, { headers, signal: control.signal })
      let text = ''
      const done = (async () => {
        for await (const chunk of response.body ?? []) text += Buffer.from(chunk as Uint8Array).toString()
      })().catch(() => undefined)
      return {
        response,
        done,
        leave: () => control.abort(),
        text: () => text,
        events: () => parseEvents(text),
      }
    },
  }
}

async function finish(app: TestApp): Promise<void> {
  const item = await app.deps.queue.claim(['provider.resolve'], { leaseMs: 60_000 })
  if (item === undefined) throw new Error('nothing is due')
  await app.deps.queue.complete(item, { bytesDone: 0, bytesTotal: null })
}

const TWO = `${definitionOf('a/a')}${definitionOf('b/b')}`

describe.each(DIALECTS)('the events of a job on %s', (dialect) => {
  let app: OpenTestApp
  beforeAll(async () => {
    app = await openTestApp(dialect)
  })
  afterAll(() => app.close())

  test('tell each change once, and end with the job', async () => {
    const own = await testApp(dialect)
    const id = await upload(own, TWO)
    const reader = await (await openReader(own)).read(id)
    expect(reader.response.headers.get('content-type')).toContain('text/event-stream')
    await vi.waitFor(() => expect(reader.events()).toHaveLength(1))
    await finish(own)
    await vi.waitFor(() => expect(reader.events().at(-1)?.data.completed).toBe(1))
    await finish(own)
    await reader.done
    const events = reader.events()
    expect(events.map(({ data }) => data.completed)).toEqual([...events.map(({ data }) => data.completed)].sort())
    expect(events.at(-1)).toMatchObject({ event: 'end', data: { state: 'completed', total: 2 } })
    expect(new Set(events.map(({ id: eventId }) => eventId)).size).toBe(events.length)
  })

  test('go on where the reader was, at another replica, and have nothing to tell after the end', async () => {
    const own = await testApp(dialect)
    const replica = await testApp(dialect, {}, { beside: own })
    const id = await upload(own, TWO)
    const first = await (await openReader(own)).read(id)
    await vi.waitFor(() => expect(first.events()).toHaveLength(1))
    first.leave()
    const elsewhere = await openReader(replica)
    const second = await elsewhere.read(id, first.events()[0]?.id)
    await finish(own)
    await finish(own)
    await second.done
    // On a busy machine an item is seen running before it is seen completed; what was told before is not told again.
    expect(second.events().map(({ id: eventId }) => eventId)).not.toContain(first.events()[0]?.id)
    const last = second.events().at(-1)
    expect(last).toMatchObject({ event: 'end' })
    expect((await elsewhere.read(id, last?.id)).response.status).toBe(204)
    expect((await elsewhere.read(id)).response.status).toBe(200)
  })

  test('leave a sign of life while nothing happens, and end after a while for the reader to come back', async () => {
    const id = await upload(app, TWO)
    const reader = await (await openReader(app, { heartbeatMs: 5, lifeMs: 200 })).read(id)
    await reader.done
    expect(reader.text()).toContain(': still there\n\n')
    expect(reader.events().map(({ event }) => event)).toEqual(['progress'])
  })

  test('go to a bounded number of readers, and whoever leaves makes room', async () => {
    const id = await upload(app, TWO)
    const opened = await openReader(app)
    const readers = [await opened.read(id), await opened.read(id)]
    expect((await opened.read(id)).response.status).not.toBe(200)
    readers[0]?.leave()
    await vi.waitFor(async () => {
      const again = await opened.read(id)
      expect(again.response.status).toBe(200)
      again.leave()
    })
  })

  test('do not keep a server that stops', async () => {
    const id = await upload(app, TWO)
    const { server, read } = await openReader(app)
    const reader = await read(id)
    await server.close()
    await reader.done
    expect(reader.events()).toHaveLength(1)
  })

  test('need a credential that may see jobs, and a job', async () => {
    const id = await upload(app, TWO)
    const url = `/api/v1/admin/jobs/${id}/events`
    expect((await app.request(url)).statusCode).toBe(401)
    const made = await app.asAdmin({ method: 'POST', url: '/api/v1/apikeys', payload: { name: 'other', scopes: ['modules:read'] } })
    const authorization = `Bearer ${made.json<{ key: string }>().key}`
    expect((await app.request({ url, headers: { authorization } })).statusCode).toBe(403)
    expect((await app.asAdmin({ url: '/api/v1/admin/jobs/none/events' })).statusCode).toBe(404)
    expect((await app.asAdmin({ method: 'HEAD', url })).headers['content-type']).toContain('text/event-stream')
    await app.deps.queue.cancel(app.deps.database.db, id)
    expect(parseEvents((await app.asAdmin({ url })).body)).toMatchObject([{ event: 'end', data: { state: 'cancelled' } }])
  })
})
