import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { onTestFinished } from 'vitest'
import type { Clock } from '../base/clock.ts'
import { createServer, type ServerOptions } from '../base/http/create-server.ts'
import type { Actor, App } from '../base/http/edge-types.ts'
import type { FailedAttempt } from '../base/http/error-handler.ts'
import { createLifecycle, type Lifecycle } from '../base/http/lifecycle.ts'
import { createLogger, type Logger } from '../base/logger.ts'

/** A clock that stands still until it is moved. */
export interface TestClock extends Clock {
  advance(ms: number): void
}

/** Starts on a fixed day, so that times in answers can be compared. */
export function testClock(startMs = Date.UTC(2026, 0, 2, 3, 4, 5)): TestClock {
  let nowMs = startMs
  return {
    now: () => nowMs,
    advance(ms) {
      nowMs += ms
    },
  }
}

/** Makes the CSRF tokens of the test's edge. */
export const TEST_CSRF_KEY = new Uint8Array(32).fill(4)

/** A log that keeps its lines. */
export interface TestLog {
  readonly logger: Logger
  /** Lines as written, redaction included. */
  readonly lines: string[]
}

/** A log in memory, every level. */
export function testLog(): TestLog {
  const lines: string[] = []
  const options = { level: 'trace', format: 'json', output: 'stdout', filePath: '' } as const
  return { logger: createLogger(options, [{ write: (line) => lines.push(line) }]), lines }
}

/** The real edge around a test's routes. */
export interface TestEdge {
  readonly app: App
  /** One request without a connection. */
  request(options: InjectOptions | string): Promise<LightMyRequestResponse>
  readonly log: TestLog
  readonly clock: TestClock
  readonly lifecycle: Lifecycle
  readonly failedAttempts: FailedAttempt[]
}

/** Tokens of the callers that a test wants. */
export type TestActors = Readonly<Record<string, Actor>>

/** A signed-in person with these scopes. */
export function testActor(name: string, scopes: Actor['scopes']): Actor {
  return { kind: 'session', id: `id-of-${name}`, name, scopes, grants: [], credentialId: `session-of-${name}` }
}

/** What a test changes of the edge; `actors` are the tokens that are valid. */
export interface TestEdgeOptions extends Partial<ServerOptions> {
  readonly actors?: TestActors
}

/** An edge that is ready, without limits, closed when the test ends. Scopes are compared as plain words. */
export function openTestEdge(
  register: (app: App, parts: { readonly lifecycle: Lifecycle }) => void,
  { actors = {}, ...changes }: TestEdgeOptions = {},
): TestEdge {
  const log = testLog()
  const clock = testClock()
  const lifecycle = createLifecycle()
  const failedAttempts: FailedAttempt[] = []
  const app = createServer({
    logger: log.logger,
    clock,
    lifecycle,
    version: '0.0.0-test',
    publicUrl: '',
    trustedProxies: [],
    allowedOrigins: [],
    rateLimits: undefined,
    authenticate: (token) => actors[token],
    csrfKey: TEST_CSRF_KEY,
    holdsScope: ({ scopes }, needed) => scopes.includes('admin') || scopes.includes(needed),
    anonymousRead: true,
    isScope: (text) => text === 'admin' || text.includes(':'),
    onFailedAttempt: (attempt) => failedAttempts.push(attempt),
    ...changes,
  })
  register(app, { lifecycle })
  lifecycle.markReady()
  onTestFinished(() => app.close())
  return { app, request: (injected) => app.inject(injected), log, clock, lifecycle, failedAttempts }
}
