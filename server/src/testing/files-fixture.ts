import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import fastify, { type InjectOptions, type LightMyRequestResponse } from 'fastify'
import pino from 'pino'
import { onTestFinished } from 'vitest'
import { RegistryError } from '../base/errors.ts'
import { createLinkSigner } from '../base/storage/link-signer.ts'
import type { ObjectReader } from '../base/storage/object-store.ts'
import { filesRoutes } from '../features/files/index.ts'
import { createMemoryObjectStore, type MemoryObjectStore } from './memory-object-store.ts'

/** Key of the object that the tests are about. */
export const KEY = 'providers/_self/acme/widget/1.0.0/linux_amd64/terraform-provider-widget_1.0.0_linux_amd64.zip'

export const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

export interface DamageReport {
  readonly key: string
  readonly expected: string
  readonly found: string | undefined
}

export interface FilesFixture {
  /** One request without a connection. */
  request(options: InjectOptions | string): Promise<LightMyRequestResponse>
  readonly store: MemoryObjectStore
  readonly clock: { ms: number; now(): number }
  readonly reports: DamageReport[]
  /** Lines of the log. */
  readonly log: readonly Record<string, unknown>[]
  /** Bytes that were read from the store, over all readers. */
  readonly counters: { bytesRead: number; openReaders: number }
  /** A link to the object that is valid for a minute. */
  readonly link: string
  /** Resolves when no reader of the store is open. */
  allClosed(): Promise<void>
  /** Listens on loopback; answers the start of the address. */
  listen(): Promise<string>
}

export interface FixtureOptions {
  readonly content?: Uint8Array
  /** The catalogue's digest; by default that of the content. */
  readonly expected?: string | undefined
  readonly stallTimeoutMs?: number
  /** SHA-256 with which the store says it has written the content; by default it does not know. */
  readonly written?: string
}

/** The file routes over a memory store that holds `content` under `KEY`. */
export async function filesFixture(options: FixtureOptions = {}): Promise<FilesFixture> {
  const content = options.content ?? randomBytes(1000)
  const expected = 'expected' in options ? options.expected : sha256Of(content)
  const clock = { ms: 1_700_000_000_000, now: () => clock.ms }
  const signer = createLinkSigner({ key: new Uint8Array(32), clock })
  const store = createMemoryObjectStore(signer)
  await store.put(KEY, Readable.from([content]), { maxBytes: 1 << 30 })
  const counted = countingStore(store, options.written)
  const reports: DamageReport[] = []
  const log: Record<string, unknown>[] = []
  const app = fastify()
  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof RegistryError)) return reply.code(500).send({ message: String(error) })
    return reply.code(error.status).send({ code: error.code, message: error.message, hint: error.hint })
  })
  app.addHook('onRequest', async (_request, reply) => void reply.header('x-from-the-chain', 'yes'))
  await app.register(
    filesRoutes({
      store: counted,
      signer,
      linkLifeSeconds: 60,
      logger: pino({}, { write: (line: string) => void log.push(JSON.parse(line)) }),
      ...(options.stallTimeoutMs === undefined ? {} : { stallTimeoutMs: options.stallTimeoutMs }),
      expectedDigest: async () => expected,
      onDamaged: (key, wanted, found) => void reports.push({ key, expected: wanted, found }),
    }),
  )
  onTestFinished(() => app.close())
  const link = await store.signUrl(KEY, 60)
  return {
    request: async (call) => app.inject(call),
    store,
    clock,
    reports,
    log,
    ...counted,
    link,
    listen: async () => app.listen({ host: '127.0.0.1', port: 0 }),
  }
}

function countingStore(store: MemoryObjectStore, writtenSha256: string | undefined) {
  const counters = { bytesRead: 0, openReaders: 0 }
  const waiting: (() => void)[] = []
  const count = (reader: ObjectReader): ObjectReader => {
    counters.openReaders += 1
    return {
      ...reader,
      writtenSha256,
      async read(buffer, position) {
        const bytes = await reader.read(buffer, position)
        counters.bytesRead += bytes
        return bytes
      },
      async close() {
        counters.openReaders -= 1
        if (counters.openReaders === 0) for (const resolve of waiting.splice(0)) resolve()
      },
    }
  }
  return {
    counters,
    allClosed: () => new Promise<void>((resolve) => void (counters.openReaders === 0 ? resolve() : waiting.push(resolve))),
    open: async (key: string) => {
      const reader = await store.open(key)
      return reader && count(reader)
    },
  }
}

export interface RawAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** What arrived, complete or not. */
  readonly body: Buffer
  /** Whether the body ended as its Content-Length said. */
  readonly complete: boolean
  /** Whether the connection had served another request before. */
  readonly reused: boolean
}

/** One GET, over a connection of its own unless an agent is given, that tells a cut body from a whole one. */
export async function getRaw(url: string, agent: Agent | false = false): Promise<RawAnswer> {
  const call = httpRequest(url, { agent }).end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  const parts: Buffer[] = []
  response.on('data', (part: Buffer) => parts.push(part))
  const complete = await new Promise<boolean>((resolve) => {
    response.once('end', () => resolve(true))
    response.once('error', () => resolve(false))
  })
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts), complete, reused: call.reusedSocket }
}
