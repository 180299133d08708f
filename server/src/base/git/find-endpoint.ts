import type { Outbound, SentAnswer } from '../outbound/outbound.ts'
import { noRepository, refusedUrl } from './git-errors.ts'
import { parseGitUrl } from './git-url.ts'

/** Where a repository really is. */
export interface GitEndpoint {
  readonly url: URL
  /** The only addresses that may be contacted for it; `undefined` when a proxy resolves names, or the URL has no name. */
  readonly addresses: readonly string[] | undefined
}

interface EndpointRequest {
  readonly url: string
  readonly caFile?: string | undefined
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

const MAX_REDIRECTS = 5
const MAX_ADVERTISEMENT_BYTES = 16 << 20
const DISCOVERY = '/info/refs?service=git-upload-pack'
const ADVERTISEMENT_TYPE = 'application/x-git-upload-pack-advertisement'

/**
 * Asks for the repository as `git` will, following redirects here, so that `git` need not follow any.
 * Source: gitprotocol-http(5), "Smart Clients"
 *
 * @throws {RegistryError} what {@link Outbound} throws, and UPSTREAM_REFUSED when there is no repository that everybody may read
 */
export async function findEndpoint(outbound: Pick<Outbound, 'send' | 'addressesOf'>, request: EndpointRequest): Promise<GitEndpoint> {
  let url = parseGitUrl(request.url)
  for (let left = MAX_REDIRECTS; ; left--) {
    const answer = await askForRefs(outbound, url, request)
    if (answer.status < 300 || answer.status > 399) {
      checkAnswer(url, answer)
      return { url, addresses: await outbound.addressesOf(url) }
    }
    if (left === 0) throw refusedUrl(url, 'too many redirects')
    url = nextUrl(url, answer.headers.location)
  }
}

function askForRefs(outbound: Pick<Outbound, 'send'>, url: URL, { caFile, timeoutMs, signal }: EndpointRequest): Promise<SentAnswer> {
  return outbound.send(`${url.href}${DISCOVERY}`, {
    // Some servers look at the name of the client. With version 2 the answer has no list of refs.
    headers: { 'user-agent': 'git/Terrace', accept: '*/*', 'git-protocol': 'version=2' },
    maxBytes: MAX_ADVERTISEMENT_BYTES,
    timeoutMs,
    signal,
    ...(caFile !== undefined && { caFile }),
  })
}

/** The rule of `git`: a redirect may change anything but what was asked for. */
function nextUrl(url: URL, location = ''): URL {
  const target = URL.parse(location, `${url.href}${DISCOVERY}`)
  if (target === null || !target.href.endsWith(DISCOVERY)) throw refusedUrl(url, 'it redirects to something that is no Git repository')
  return parseGitUrl(target.href.slice(0, -DISCOVERY.length))
}

function checkAnswer(url: URL, { status, headers }: SentAnswer): void {
  if (status === 200 && headers['content-type']?.split(';', 1)[0]?.trim() === ADVERTISEMENT_TYPE) return
  if (status === 401 || status === 403 || status === 404) throw noRepository(url, { status })
  throw refusedUrl(url, status === 200 ? 'the answer is not one of a Git server' : `the server answered ${status}`)
}
