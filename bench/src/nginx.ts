import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { startChildServer } from '../../acceptance/src/harness/child-server.ts'
import { findBinary } from '../../acceptance/src/harness/required-binaries.ts'
import { makeTemporaryFolder } from '../../acceptance/src/harness/temporary-folder.ts'
import { findFreePort } from './free-port.ts'

/** nginx with one worker, serving a folder. */
export interface StaticServer extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string
  /** Puts a file there and answers its address. */
  serve(name: string, content: string | Uint8Array): string
}

const START_TIMEOUT_MS = 5_000
const POLL_MS = 20

/** As fast as it gets without tricks: `sendfile`, no log, connections that are kept. */
function configuration({ port, root }: { readonly port: number; readonly root: string }): string {
  // As root, nginx would give up its rights and could not read a private folder.
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  return `daemon off; ${user} worker_processes 1; pid ${root}/nginx.pid; error_log ${root}/error.log;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  types { application/json json; application/zip zip; }
  client_body_temp_path ${root}/body; proxy_temp_path ${root}/proxy; fastcgi_temp_path ${root}/fastcgi;
  uwsgi_temp_path ${root}/uwsgi; scgi_temp_path ${root}/scgi;
  server { listen 127.0.0.1:${port}; root ${root}/www; }
}
`
}

/** Starts it on a free port. Needs the program: see `explainMissing`. */
export async function startNginx(): Promise<StaticServer> {
  const file = findBinary('nginx')
  if (file === undefined) throw new Error('nginx is missing: ask explainMissing first')
  const folder = makeTemporaryFolder('nginx')
  const root = join(folder.path, 'www')
  mkdirSync(root)
  const port = await findFreePort()
  const config = join(folder.path, 'nginx.conf')
  writeFileSync(config, configuration({ port, root: folder.path }))
  const server = startChildServer({ file, args: ['-p', folder.path, '-c', config], cwd: folder.path, env: { PATH: process.env.PATH } })
  const url = `http://127.0.0.1:${port}`
  await waitUntilAnswering(url)
  return {
    url,
    serve(name, content) {
      writeFileSync(join(root, name), content)
      return `${url}/${name}`
    },
    async [Symbol.asyncDispose]() {
      await server.stop(START_TIMEOUT_MS)
      folder.remove()
    },
  }
}

/** Any status is an answer. */
async function waitUntilAnswering(url: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < START_TIMEOUT_MS; waitedMs += POLL_MS) {
    const response = await fetch(url).catch(() => undefined)
    await response?.body?.cancel()
    if (response !== undefined) return
    await setTimeout(POLL_MS)
  }
  throw new Error(`nginx does not answer at ${url}`)
}
