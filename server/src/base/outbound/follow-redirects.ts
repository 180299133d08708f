import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import type { AddressGuard } from './address-guard.ts'
import type { Dispatchers } from './dispatchers.ts'
import { type ByteSink, type Exchanged, exchange, type ResponseHead } from './exchange.ts'
import { blockedError, isStaleConnection, parseRetryAfter, statusError, unusableAnswer, waitingError } from './outbound-errors.ts'
import { displayUrl, literalAddress, parseOutboundUrl } from './outbound-url.ts'

/** The part of a logger that is used here. */
export interface OutboundLogger {
  debug(fields: object, message: string): void
}

export interface FollowRequest {
  /** Default `GET`. */
  readonly method?: 'GET' | 'HEAD'
  readonly headers: Readonly<Record<string, string>>
  readonly caFile?: string | undefined
  readonly maxRedirects?: number | undefined
  readonly headTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly signal: AbortSignal
  /** Called for a 2xx answer only; its sink takes the body. */
  readonly accept: (head: ResponseHead, url: URL) => ByteSink
}

export interface Followed extends Exchanged {
  readonly finalUrl: URL
}

/** One GET or HEAD with its redirects. Throws RegistryError for answers that are not 2xx, and raw errors of the connection. */
export type Follow = (url: URL, request: FollowRequest) => Promise<Followed>

interface FollowerOptions {
  readonly dispatchers: Dispatchers
  readonly guard: AddressGuard
  readonly clock: Clock
  readonly logger: OutboundLogger
  /** Throws when the server is sealed. */
  readonly requireOpen: (url: URL) => void
}

const DEFAULT_MAX_REDIRECTS = 5
const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
const USER_AGENT = 'Terrace'

/** Follows redirects by hand, so that each hop passes the same checks as the first request. */
export function createFollower(options: FollowerOptions): Follow {
  const { dispatchers, guard, clock, logger, requireOpen } = options
  /** Origins that asked to wait, until when. */
  const waits = new LRUCache<string, number>({ max: 1000 })

  const checkHop = (url: URL) => {
    requireOpen(url)
    const address = literalAddress(url)
    if (address !== undefined && !guard.allows(address)) throw blockedError(url.host, address)
    const until = waits.get(url.origin)
    if (until === undefined) return
    const seconds = Math.ceil((until - clock.now()) / 1000)
    if (seconds > 0) throw waitingError(url, seconds)
    waits.delete(url.origin)
  }

  const failedStatus = (url: URL, { status, headers }: ResponseHead) => {
    const nowMs = clock.now()
    const retryAfterSeconds = parseRetryAfter(headers['retry-after'], nowMs)
    const error = statusError(url, status, retryAfterSeconds)
    if (error.code === 'UPSTREAM_RATE_LIMITED' && retryAfterSeconds !== undefined) waits.set(url.origin, nowMs + retryAfterSeconds * 1000)
    return error
  }

  const ask = async (url: URL, request: FollowRequest): Promise<Followed> => {
    checkHop(url)
    const accept = (head: ResponseHead) => (isSuccess(head.status) ? request.accept(head, url) : undefined)
    const headers = { 'user-agent': USER_AGENT, ...request.headers }
    const answer = await exchangeFresh({ ...request, dispatcher: dispatchers.get(request.caFile), url, headers, accept })
    logger.debug({ url: displayUrl(url), status: answer.status, bytes: answer.bytes }, 'outbound request')
    if (!isSuccess(answer.status) && !REDIRECT_STATUSES.has(answer.status)) throw failedStatus(url, answer)
    return { ...answer, finalUrl: url }
  }

  return async (url, request) => {
    let answer = await ask(url, request)
    for (let left = request.maxRedirects ?? DEFAULT_MAX_REDIRECTS; REDIRECT_STATUSES.has(answer.status); left--) {
      if (left === 0) throw unusableAnswer(answer.finalUrl, 'too many redirects', { reason: 'redirects' })
      answer = await ask(nextHop(answer.finalUrl, answer.headers.location), request)
    }
    return answer
  }
}

const isSuccess = (status: number): boolean => status >= 200 && status < 300

function nextHop(url: URL, location: string | undefined): URL {
  if (location === undefined) throw unusableAnswer(url, 'a redirect names no address', { reason: 'redirects' })
  const next = parseOutboundUrl(location, url)
  if (url.protocol === 'https:' && next.protocol === 'http:') {
    throw unusableAnswer(url, 'it redirects from https to http', { reason: 'redirects' })
  }
  return next
}

/** Sends the request once more when a kept connection turns out to be closed before any answer came. */
async function exchangeFresh(request: Parameters<typeof exchange>[0]): Promise<Exchanged> {
  let answered = false
  const accept = (head: ResponseHead) => {
    answered = true
    return request.accept(head)
  }
  try {
    return await exchange({ ...request, accept })
  } catch (error) {
    if (answered || !isStaleConnection(error)) throw error
    return exchange(request)
  }
}
