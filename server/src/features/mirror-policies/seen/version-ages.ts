import { setTimeout as delay } from 'node:timers/promises'
import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { compareVersions } from '@terrace/protocol/versions.ts'
import { LRUCache } from 'lru-cache'
import { RegistryError } from '../../../base/errors.ts'
import type { PolicyDecisionDeps } from '../mirror-policy-deps.ts'
import { savePublishedAt } from './seen-version-queries.ts'

/** How long somebody waits for ages, and how many of them are asked for. */
export interface AgeEffort {
  readonly maxVersions: number
  /** Then the asking goes on without whoever waited. */
  readonly waitMs: number
}

/** A client waits for an answer: the newest are what it asks for. */
export const ON_DEMAND_EFFORT: AgeEffort = { maxVersions: 20, waitMs: 1_500 }
/** A job has time. */
export const JOB_EFFORT: AgeEffort = { maxVersions: 200, waitMs: 60_000 }

/** Learns when versions came out. */
export interface VersionAges {
  /** Asks the upstream, newest version first, and keeps what it says. What was asked lately is not asked again. */
  learn(address: ProviderAddress, versions: readonly string[], effort: AgeEffort): Promise<void>
}

const AT_ONCE = 8
const MAX_REMEMBERED = 20_000
/** What an upstream does not tell is asked for again after this time. */
const ASK_AGAIN_MS = 6 * 60 * 60 * 1000

/** An upstream that does not tell it of one version, or that fails, is not asked for the others. */
export function createVersionAges({ database, findPublishedAt }: Pick<PolicyDecisionDeps, 'database' | 'findPublishedAt'>): VersionAges {
  const asked = new LRUCache<string, true>({ max: MAX_REMEMBERED, ttl: ASK_AGAIN_MS })
  const running = new Map<string, Promise<void>>()

  const askAll = async (address: ProviderAddress, versions: readonly string[]) => {
    const waiting = [...versions]
    const work = async () => {
      for (let version = waiting.shift(); version !== undefined; version = waiting.shift()) {
        const publishedAt = await findPublishedAt(address, version).catch(unlessExpected)
        if (publishedAt === undefined) waiting.length = 0
        else await savePublishedAt(database.db, { ...address, version }, publishedAt)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  }

  const start = (address: ProviderAddress, versions: readonly string[]): Promise<void> => {
    const key = formatProviderAddress(address)
    const asking = askAll(address, versions).finally(() => running.delete(key))
    running.set(key, asking)
    // Never unhandled: whoever waited may be gone.
    asking.catch(() => undefined)
    return asking
  }

  return {
    async learn(address, versions, { maxVersions, waitMs }) {
      const key = formatProviderAddress(address)
      const unknown = versions.filter((version) => !asked.has(`${key} ${version}`)).sort((a, b) => compareVersions(b, a))
      const wanted = unknown.slice(0, maxVersions)
      const asking = running.get(key) ?? (wanted.length === 0 ? undefined : start(address, wanted))
      for (const version of wanted) asked.set(`${key} ${version}`, true)
      const patience = new AbortController()
      const enough = delay(waitMs, undefined, { signal: patience.signal, ref: false }).catch(() => undefined)
      await Promise.race([asking, enough]).finally(() => patience.abort())
    },
  }
}

/** An age that cannot be told now is no failure of whoever asks for a decision. */
function unlessExpected(error: unknown): undefined {
  if (!(error instanceof RegistryError)) throw error
}
