import { join } from 'node:path'
import type { AppDeps } from './app-deps.ts'
import { type Clock, systemClock } from './base/clock.ts'
import { type Database, openDatabase } from './base/database/open-database.ts'
import { createGit } from './base/git/git.ts'
import type { Logger } from './base/logger.ts'
import { createOutbound, type Outbound } from './base/outbound/outbound.ts'
import { createJobQueue } from './base/queue/job-queue.ts'
import { createWakeUp } from './base/queue/wake-up.ts'
import { createRedisConnection } from './base/redis/redis-connection.ts'
import { loadSecrets } from './base/secrets/load-secrets.ts'
import { createSpool } from './base/spool.ts'
import { createFilesystemStore } from './base/storage/filesystem-store.ts'
import { createLinkSigner } from './base/storage/link-signer.ts'
import type { Config } from './config/config-schema.ts'
import { createKeyUses } from './features/accounts/index.ts'
import { useAuditKey } from './features/audit/index.ts'
import { createShasumsReader } from './features/mirror/index.ts'
import { createMirrorPolicy } from './features/mirror-policies/index.ts'
import { createModuleAnalyser } from './features/module-analysis/index.ts'
import { createModuleArchiver } from './features/module-archives/index.ts'
import { createHeldModules, createModulesOnDemand } from './features/module-pull-through/index.ts'
import { createDownloadCounter, createModuleCatalog } from './features/modules/index.ts'
import { createProviderCatalog } from './features/providers/index.ts'
import { createPullThrough } from './features/pull-through/index.ts'
import { createRegistrySigningKey, loadTrustedKeys } from './features/trust/index.ts'
import { createUpstreamClient, createUpstreamModules, type UpstreamClientOptions } from './features/upstreams/index.ts'
import { createPackageInspector } from './features/verification/index.ts'

/** A sealed server answers what it holds, as a server without upstreams does: nothing is ever stale for being sealed. */
const onDemand = ({ features, mirror }: Config): boolean => features.autoDownloadProviders && !mirror.sealed

const MEGABYTE = 1024 * 1024

export interface OpenedDeps {
  readonly deps: AppDeps
  /** Gives everything back; the process may end afterwards. */
  close(): Promise<void>
}

/** Parts that a test brings. */
export interface GivenDeps {
  readonly clock?: Clock
  readonly database?: Database
}

/**
 * Builds what the features work with. Nothing is asked of the database yet, so that a server can answer probes while the
 * database is still away.
 *
 * @throws {Error} naming the setting, when a key file, a secret or the data folder cannot be used.
 */
export async function openDeps(config: Config, logger: Logger, given: GivenDeps = {}): Promise<OpenedDeps> {
  const { clock = systemClock } = given
  const secrets = await loadSecrets({ config, dataDir: config.dataDir })
  const database = given.database ?? openDatabase({ ...config.database, logger })
  useAuditKey(database.db, secrets.auditKey)
  const linkSigner = createLinkSigner({ key: secrets.linkKey, clock })
  const store = createFilesystemStore({ root: config.storage.local.path, signer: linkSigner })
  const spool = createSpool(join(config.dataDir, 'tmp'))
  const outbound = openOutbound(config, { clock, logger })
  const redis = config.redis.url === '' ? undefined : createRedisConnection({ url: config.redis.url, clock, logger })
  const inspector = createPackageInspector()
  const archiver = createModuleArchiver()
  const analyser = createModuleAnalyser()
  const base = { config, database, store, spool, outbound, redis, secrets, linkSigner, clock, logger, inspector, archiver, analyser }
  const parts: Omit<AppDeps, 'onDemand' | 'readShasums' | 'modulesOnDemand'> = {
    ...base,
    queue: createJobQueue(database.db, {
      maxAttempts: config.providers.downloadRetryAttempts,
      initialDelayMs: config.providers.downloadRetryInitialDelayMs,
    }),
    trustedKeys: await loadTrustedKeys(config.providers.trustedKeys),
    registrySigningKey: createRegistrySigningKey({ db: database.db, secrets, clock }),
    catalog: createProviderCatalog({ database, clock, logger }),
    policy: createMirrorPolicy({ database, clock, logger, config, findPublishedAt: (...of) => parts.upstreams.findPublishedAt(...of) }),
    modules: createModuleCatalog({ database, clock, logger }),
    downloads: createDownloadCounter({ database, clock, logger }),
    keyUses: createKeyUses({ database, clock, logger }),
    upstreams: createUpstreamClient(upstreamOptions(config, { outbound, clock, logger })),
    upstreamModules: createUpstreamModules(upstreamOptions(config, { outbound, clock, logger })),
    git: createGit({ outbound, spool, proxyUrl: config.outbound.proxyUrl }),
    heldModules: createHeldModules({ database, clock, logger }),
    jobs: createWakeUp(),
  }
  const mirroring = { ...parts, readShasums: createShasumsReader(parts) }
  const deps: AppDeps = {
    ...mirroring,
    onDemand: onDemand(config) ? createPullThrough(mirroring) : undefined,
    modulesOnDemand: createModulesOnDemand(parts),
  }
  return {
    deps,
    async close() {
      redis?.close()
      await outbound.close()
      await Promise.all([inspector.close(), archiver.close(), analyser.close()])
      await spool.close()
      await database.close()
    },
  }
}

function upstreamOptions({ upstream, features, providers }: Config, parts: Omit<UpstreamClientOptions, 'upstreams' | 'downloads'>) {
  return {
    ...parts,
    upstreams: upstream,
    downloads: {
      maxBytes: features.maxDownloadSizeMb * MEGABYTE,
      idleTimeoutMs: providers.downloadTimeoutSeconds * 1000,
      totalTimeoutMs: providers.downloadTotalTimeoutSeconds * 1000,
    },
  }
}

function openOutbound({ outbound, mirror }: Config, deps: { readonly clock: Clock; readonly logger: Logger }): Outbound {
  return createOutbound({
    allowedNetworks: outbound.allowedNetworks,
    apiTimeoutMs: outbound.apiTimeoutSeconds * 1000,
    proxyUrl: outbound.proxyUrl,
    sealed: mirror.sealed,
    ...deps,
  })
}
