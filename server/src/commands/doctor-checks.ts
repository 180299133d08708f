import { access, constants, mkdir } from 'node:fs/promises'
import type { AppDeps } from '../app-deps.ts'
import { databaseNow } from '../base/database/database-time.ts'
import { createOutbound } from '../base/outbound/outbound.ts'
import { checkEncryptionKey } from '../base/secrets/check-encryption-key.ts'
import { describeOrphans, findOrphanPrivileges } from '../features/orphan-privileges/index.ts'
import { describeExpiringKeys } from '../features/trust/index.ts'

/** Outcome of one check. */
export interface CheckResult {
  readonly name: string
  readonly state: 'ok' | 'warning' | 'failed'
  /** What was found. */
  readonly text: string
  /** What to do about it. */
  readonly fix?: string
}

interface Check {
  readonly name: string
  /** Answers what it found, or throws. */
  run(deps: AppDeps): Promise<string>
  readonly fix: string
  /** A failure of it does not stop a server from working. */
  readonly optional?: boolean
}

const MAX_SKEW_MS = 5_000
const DISCOVERY_PATH = '/.well-known/terraform.json'
const DISCOVERY_LIMITS = { maxBytes: 1 << 20, timeoutMs: 10_000, accept: 'application/json' }

const CHECKS: readonly Check[] = [
  {
    name: 'data folder',
    fix: 'Give the user of the server write access, or set data_dir (TFR_DATA_DIR) to another folder',
    async run({ config }) {
      await mkdir(config.dataDir, { recursive: true, mode: 0o750 })
      await access(config.dataDir, constants.R_OK | constants.W_OK)
      return `"${config.dataDir}" can be written`
    },
  },
  {
    name: 'database',
    fix: 'Check database.url or database.path, and that the server may connect',
    async run({ database }) {
      const start = performance.now()
      await database.ping()
      return `${database.dialect.name} answers in ${(performance.now() - start).toFixed(1)} ms`
    },
  },
  {
    name: 'schema',
    fix: 'Run: terrace migrate',
    async run({ database }) {
      const missing = (await database.migrationStatus()).filter(({ appliedAt }) => appliedAt === undefined)
      if (missing.length > 0) throw new Error(`${missing.length} migrations are missing: ${missing.map(({ name }) => name).join(', ')}`)
      return 'up to date'
    },
  },
  {
    name: 'encryption key',
    fix: 'Give the server the key that the database was made with (ENCRYPTION_KEY, or the file in data_dir/secrets)',
    async run(deps) {
      await checkEncryptionKey(deps.database.db, deps.secrets)
      return 'belongs to the database'
    },
  },
  {
    name: 'clock',
    fix: 'Synchronise the clocks of this machine and of the database server (NTP)',
    async run({ database, clock }) {
      const skewMs = Math.abs((await databaseNow(database.db)) - clock.now())
      if (skewMs > MAX_SKEW_MS) throw new Error(`differs from the database's by ${Math.round(skewMs / 1000)} s`)
      return 'agrees with the database'
    },
  },
  {
    name: 'storage',
    fix: 'Check storage.local.path: the folder must be writable, have space, and allow hard links',
    async run({ store }) {
      await store.check()
      return `"${store.id}" was written, read and deleted`
    },
  },
  {
    name: 'git',
    fix: 'Install Git 2.37 or later where the server runs: modules that lie in Git cannot be fetched without it',
    optional: true,
    async run({ config, git }) {
      if (!config.features.autoDownloadModules) return 'not needed while "features.auto_download_modules" is off'
      return `version ${await git.findVersion()}`
    },
  },
  {
    name: 'signing keys',
    fix: 'Take over their extensions: terrace signing-key refresh; or ask their owners for the next keys: terrace signing-key add',
    optional: true,
    async run(deps) {
      const expiring = await describeExpiringKeys(deps)
      if (expiring.length > 0) throw new Error(`${expiring.length} end within 60 days or have ended: ${expiring.join(', ')}`)
      return 'none that is trusted ends within 60 days'
    },
  },
  {
    name: 'privileges',
    fix: 'End the sessions and revoke the keys that are named; enable and disable the user or rule once more',
    optional: true,
    async run({ database, clock }) {
      const { live, dormant } = await findOrphanPrivileges(database.db, clock.now())
      if (live.length > 0) throw new Error(`rights that nobody should have: ${describeOrphans(live)}`)
      return dormant.length === 0 ? 'none without a reason' : `none that counts; would come back: ${describeOrphans(dormant)}`
    },
  },
  {
    name: 'public address',
    fix: 'Set server.public_url to the https address that clients use, and check DNS, certificate and proxy',
    optional: true,
    async run({ config, clock, logger }) {
      if (config.server.publicUrl === '') return 'not configured; links are made for the address a client uses'
      // The address is the administrator's own, so it may well lie in a private network.
      const outbound = createOutbound({ allowedNetworks: ['0.0.0.0/0', '::/0'], apiTimeoutMs: 10_000, clock, logger })
      try {
        await outbound.getBytes(new URL(DISCOVERY_PATH, config.server.publicUrl), DISCOVERY_LIMITS)
        return `${config.server.publicUrl} answers`
      } finally {
        await outbound.close()
      }
    },
  },
  {
    name: 'upstream',
    fix: 'Without it nothing new can be loaded; what is held is served all the same. Check the network, outbound.proxy_url, and upstream "registry.terraform.io"',
    optional: true,
    async run({ outbound, config }) {
      if (config.mirror.sealed) return 'sealed: no upstream is asked (mirror.sealed)'
      const upstream = config.upstream['registry.terraform.io']
      const address = upstream?.url ?? 'https://registry.terraform.io'
      await outbound.getBytes(new URL(DISCOVERY_PATH, address), {
        ...DISCOVERY_LIMITS,
        ...(upstream?.caFile !== undefined && { caFile: upstream.caFile }),
      })
      return `${address} answers`
    },
  },
]

/** Runs every check, one after another; a failed one does not stop the next. */
export async function runChecks(deps: AppDeps, warnings: readonly string[]): Promise<CheckResult[]> {
  const results: CheckResult[] = warnings.map((text) => ({ name: 'settings', state: 'warning', text }))
  if (warnings.length === 0) results.push({ name: 'settings', state: 'ok', text: 'valid' })
  for (const check of CHECKS) results.push(await runCheck(deps, check))
  return results
}

async function runCheck(deps: AppDeps, { name, fix, optional, run }: Check): Promise<CheckResult> {
  try {
    return { name, state: 'ok', text: await run(deps) }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    return { name, state: optional ? 'warning' : 'failed', text, fix }
  }
}
