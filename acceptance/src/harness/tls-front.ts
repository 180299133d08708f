import { writeFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { type ProxiedRequest, startConnectProxy } from './connect-proxy.ts'
import { forwardRequest } from './forward-request.ts'
import { createFrontCertificates } from './front-certificates.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'

/** One request that a client made to a host. */
export interface FrontRequest {
  readonly method: string
  readonly scheme: 'http' | 'https'
  /** With the port when the client named one. */
  readonly host: string
  /** With query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Absent until the back end has answered; 502 when it did not. */
  status?: number
}

/** A stand-in for the internet in front of the back ends. */
export interface TlsFront extends AsyncDisposable {
  /** For `HTTPS_PROXY` and `HTTP_PROXY`. */
  readonly proxyUrl: string
  /** File of the authority that vouches for every host, for `SSL_CERT_FILE`. */
  readonly caPath: string
  /** Everything that was asked, in order; empty it to count anew. */
  readonly requests: FrontRequest[]
  /** Sends a host name (lower case, punycode) to an origin like `http://127.0.0.1:1234`; `undefined` makes the host unreachable. */
  route(hostname: string, backend: string | undefined): void
  close(): Promise<void>
}

/**
 * Starts a proxy on a free port of 127.0.0.1 that plays any https and http host: clients CONNECT to it, it ends TLS with a
 * certificate of its own authority for the name they ask for, and passes requests to the back end of that name. So the real CLIs
 * reach servers on loopback under any host name, without DNS and without root. Go never uses a proxy for `localhost` and 127.x.
 */
export async function startTlsFront(backends: Readonly<Record<string, string>>): Promise<TlsFront> {
  const routes = new Map(Object.entries(backends))
  const requests: FrontRequest[] = []
  const certificates = await createFrontCertificates()
  const folder = makeTemporaryFolder('front')
  const caPath = join(folder.path, 'ca.pem')
  writeFileSync(caPath, certificates.caPem)
  const proxy = await startConnectProxy({
    contextFor: certificates.contextFor,
    canReach: (hostname) => routes.has(hostname),
    handle: (proxied) => requests.push(passOn(proxied, routes.get(proxied.url.hostname))),
  })
  const close = async (): Promise<void> => {
    await proxy.close()
    folder.remove()
  }
  return {
    proxyUrl: proxy.url,
    caPath,
    requests,
    route(hostname, backend) {
      if (backend === undefined) routes.delete(hostname)
      else routes.set(hostname, backend)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Answers the record of the request; its status comes later. */
function passOn({ request, response, url }: ProxiedRequest, backend: string | undefined): FrontRequest {
  const scheme = url.protocol === 'https:' ? 'https' : 'http'
  const path = url.pathname + url.search
  const record: FrontRequest = { method: request.method ?? '', scheme, host: url.host, path, headers: request.headers }
  const onStatus = (status: number): void => {
    record.status = status
  }
  if (backend === undefined) {
    onStatus(502)
    response.writeHead(502).end()
  } else forwardRequest(request, response, { scheme, host: url.host, path, backend, onStatus })
  return record
}
