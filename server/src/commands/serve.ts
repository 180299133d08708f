import { hostname } from 'node:os'
import { join } from 'node:path'
import { buildApp } from '../app.ts'
import type { AppDeps } from '../app-deps.ts'
import { closeHclParser } from '../base/hcl/parse-hcl.ts'
import { createLifecycle, type Lifecycle } from '../base/http/lifecycle.ts'
import { drainAndClose, type Listening, listen } from '../base/http/listen.ts'
import { ensureLocalTls, type LocalTls } from '../base/tls/local-ca.ts'
import { openDeps } from '../open-deps.ts'
import { listenForStop, startCommand, unlessStopped } from './command-options.ts'
import { prepareDatabase } from './prepare-database.ts'
import { startWork } from './start-work.ts'
import { takeLeave } from './take-leave.ts'
import { writeWelcome } from './welcome.ts'

const HELP = `Usage: terrace serve [--config FILE]

Examples:
  terrace serve
  TFR_SERVER_PORT=9000 TFR_DATA_DIR=/var/lib/terrace terrace serve
  terrace serve --config /etc/terrace/terrace.hcl

Runs the registry and the mirror: HTTP on server.port (8080), HTTPS with a certificate of a local CA on
server.local_tls_port (8443), all state in data_dir (./data). SIGTERM and SIGINT stop it in order.
Settings: docs/reference/configuration.md, or: terrace config print
`

/** `terrace serve`: the whole product in one process. */
export async function serveCommand(args: readonly string[]): Promise<number> {
  const start = await startCommand(args, HELP)
  if (start === undefined) return 0
  const { config, logger } = start
  const opened = await openDeps(config, logger)
  const lifecycle = createLifecycle()
  const app = await buildApp(opened.deps, lifecycle)
  const tls = await localTls(opened.deps)
  const listening = await listen(app, {
    host: config.server.host,
    port: config.server.port,
    localTls: tls && { ...tls, port: config.server.localTlsPort },
  })
  const stop = listenForStop()
  const work = await unlessStopped(stop, becomeReady(opened.deps, lifecycle, { listening, tls, stopped: stop.signal }))
  const signal = await stop.asked
  logger.info({ signal }, 'stopping')
  const graceMs = config.server.shutdownGraceSeconds * 1000
  lifecycle.markStopping()
  await Promise.all([
    work?.stop(graceMs),
    takeLeave(app.server, { atMostMs: graceMs / 3 }).then(() => drainAndClose(app, { lifecycle, graceMs })),
  ])
  await opened.close()
  // Its thread would keep the process alive until it is idle for long enough.
  await closeHclParser()
  logger.info('stopped')
  return 0
}

/** The CLIs insist on https; without a certificate of one's own, a local authority provides one. */
function localTls({ config, clock }: AppDeps): Promise<LocalTls | undefined> {
  const { localTlsPort, tlsEnabled, publicUrl } = config.server
  if (tlsEnabled || localTlsPort === 0) return Promise.resolve(undefined)
  const hostnames = [hostname(), ...(publicUrl === '' ? [] : [new URL(publicUrl).hostname])]
  return ensureLocalTls({ dir: join(config.dataDir, 'tls'), hostnames, clock })
}

async function becomeReady(
  deps: AppDeps,
  lifecycle: Lifecycle,
  { listening, tls, stopped }: { readonly listening: Listening; readonly tls: LocalTls | undefined; readonly stopped: AbortSignal },
): Promise<{ stop(graceMs: number): Promise<void> }> {
  const { setupToken } = await prepareDatabase(deps, stopped)
  const work = startWork(deps, { runJobs: deps.config.work.enabled })
  const counting = [deps.downloads.start(), deps.keyUses.start()]
  lifecycle.markReady()
  await writeWelcome(deps.config, { listening, tls, setupToken })
  deps.logger.info({ port: listening.port, local_tls_port: listening.localTlsPort }, 'ready')
  return {
    async stop(graceMs) {
      await work.stop(graceMs)
      await Promise.all(counting.map((counter) => counter.stop()))
    },
  }
}
