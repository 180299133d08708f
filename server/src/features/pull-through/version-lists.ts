import { LRUCache } from 'lru-cache'
import type { UnixMs } from '../../base/clock.ts'
import { RegistryError } from '../../base/errors.ts'
import type { ListedVersion, ListSource, OfUpstream } from './list-source.ts'
import { listTimeout, type RefreshDeps, refreshList } from './refresh-list.ts'
import { createUpstreamGate } from './upstream-gate.ts'
import type { Waits } from './waits.ts'
import { withinTime } from './within-time.ts'

/** What an upstream offers, as far as this process knows. */
export interface KnownList<Version extends ListedVersion> {
  readonly versions: readonly Version[]
  readonly names: ReadonlySet<string>
  /** By this process's clock. */
  readonly fetchedAt: UnixMs
}

export interface ListAnswer<Version extends ListedVersion> {
  /** `undefined`: the upstream has nothing of this name. */
  readonly list: KnownList<Version> | undefined
  /** Age of the list while the upstream fails, 0 otherwise. */
  readonly staleSeconds: number
}

export interface ReadOptions {
  readonly wanted?: string | undefined
  /** The caller has something to answer without the list: after a failure the upstream is left alone for longer. */
  readonly dispensable?: boolean
}

/** Version lists of upstreams: from memory, from the database, from the upstream, in this order. */
export interface VersionLists<Address, Version extends ListedVersion> {
  /**
   * A fresh list costs no request and no query. An older one is answered at once and renewed in the background; one beyond its
   * greatest age, or one that lacks the version `wanted`, is waited for.
   * @throws {RegistryError} UPSTREAM_* when the upstream fails and no list is known.
   */
  read(address: Address, options?: ReadOptions): Promise<ListAnswer<Version>>
}

/** Lists of hundreds of versions are large. */
const MAX_LISTS = 1_000
const MAX_REMEMBERED = 10_000
/** What the upstream does not have is asked for again after this time. */
const MISSING_MS = 60_000
/** After a failure the upstream is left alone for this time, so that many who wait do not each ask again. */
const FAILURE_MS = 3_000
/** The same where there is something to answer: a stalled upstream must not make every `init` slow. */
const DISPENSABLE_FAILURE_MS = 30_000
/** A list that lacks a version is renewed for it when it is older than this: a new version is there within seconds, and no stampede. */
const MISS_FLOOR_MS = 10_000

/** What another process has stored counts as newer than what is known here when it is so by more than this. */
const CLOCK_TOLERANCE_MS = 1_000

interface Failure {
  readonly error: unknown
  readonly at: UnixMs
}

type ListWaits = Pick<Waits, 'listMs' | 'missMs'>

/** Nothing known yet. */
export function createVersionLists<Address extends OfUpstream, Version extends ListedVersion>(
  deps: RefreshDeps,
  source: ListSource<Address, Version>,
  waits: ListWaits,
): VersionLists<Address, Version> {
  const lists = new UpstreamLists(deps, source, waits)
  return { read: (address, options = {}) => lists.read(address, options) }
}

class UpstreamLists<Address extends OfUpstream, Version extends ListedVersion> {
  readonly #deps: RefreshDeps
  readonly #source: ListSource<Address, Version>
  readonly #waits: ListWaits
  readonly #known = new LRUCache<string, KnownList<Version>>({ max: MAX_LISTS })
  readonly #missing = new LRUCache<string, UnixMs>({ max: MAX_REMEMBERED })
  readonly #failures = new LRUCache<string, Failure>({ max: MAX_REMEMBERED })
  readonly #gate = createUpstreamGate()
  readonly #running = new Map<string, Promise<KnownList<Version> | undefined>>()

  constructor(deps: RefreshDeps, source: ListSource<Address, Version>, waits: ListWaits) {
    this.#deps = deps
    this.#source = source
    this.#waits = waits
  }

  async read(address: Address, { wanted, dispensable = false }: ReadOptions): Promise<ListAnswer<Version>> {
    const key = this.#source.keyOf(address)
    if (this.#isMissing(address)) return { list: undefined, staleSeconds: 0 }
    const known = this.#known.get(key) ?? (await this.#load(address))
    const need = this.#need(known, wanted)
    if (need === 'nothing') return this.#answer(key, known)
    if (need === 'renewal') {
      if (!this.#failedWithin(key, DISPENSABLE_FAILURE_MS)) this.#refresh(address, known).catch(() => undefined)
      return this.#answer(key, known)
    }
    return this.#wait(address, known, dispensable || known !== undefined ? DISPENSABLE_FAILURE_MS : FAILURE_MS)
  }

  #need(known: KnownList<Version> | undefined, wanted: string | undefined): 'nothing' | 'renewal' | 'answer' {
    if (known === undefined) return 'answer'
    const age = this.#ageOf(known.fetchedAt)
    if (!this.#isUsable(known)) return 'answer'
    if (wanted !== undefined && !known.names.has(wanted) && age >= MISS_FLOOR_MS) return 'answer'
    return age < this.#freshMs ? 'nothing' : 'renewal'
  }

  get #freshMs(): number {
    return this.#deps.config.mirror.versionListFreshSeconds * 1000
  }

  /** Not too old to be answered before the upstream was asked. */
  #isUsable({ fetchedAt }: KnownList<Version>): boolean {
    return this.#ageOf(fetchedAt) < this.#deps.config.mirror.versionListMaxAgeHours * 3_600_000
  }

  async #wait(address: Address, known: KnownList<Version> | undefined, failureMs: number): Promise<ListAnswer<Version>> {
    const key = this.#source.keyOf(address)
    try {
      const failure = this.#failures.get(key)
      if (failure !== undefined && this.#failedWithin(key, failureMs)) throw failure.error
      const { listMs, missMs } = this.#waits
      const waitMs = known !== undefined && this.#isUsable(known) ? missMs : listMs
      const list = await withinTime(this.#refresh(address, known), waitMs, () => listTimeout(this.#source, address, waitMs))
      return { list, staleSeconds: 0 }
    } catch (error) {
      if (known === undefined || !(error instanceof RegistryError)) throw error
      this.#failures.set(key, this.#failures.get(key) ?? { error, at: this.#deps.clock.now() })
      return this.#answer(key, known)
    }
  }

  #answer(key: string, list: KnownList<Version> | undefined): ListAnswer<Version> {
    const failure = this.#failures.get(key)
    const failing = list !== undefined && failure !== undefined && failure.at >= list.fetchedAt
    return { list, staleSeconds: failing ? Math.max(1, Math.ceil(this.#ageOf(list.fetchedAt) / 1000)) : 0 }
  }

  /** One renewal at a time in this process; over all of them see `refreshList`. */
  #refresh(address: Address, known: KnownList<Version> | undefined): Promise<KnownList<Version> | undefined> {
    // Each spelling for itself, as the upstream may have only one of them; where it has both, the second finds what the first stored.
    const name = this.#source.nameOf(address)
    const running = this.#running.get(name) ?? this.#start(address, known)
    this.#running.set(name, running)
    return running
  }

  async #start(address: Address, known: KnownList<Version> | undefined): Promise<KnownList<Version> | undefined> {
    const key = this.#source.keyOf(address)
    try {
      // Found by somebody else while this one looked into the database.
      if (this.#isMissing(address)) return undefined
      const newerMs = known === undefined ? this.#freshMs : this.#ageOf(known.fetchedAt) - CLOCK_TOLERANCE_MS
      const acceptAgeMs = Math.min(newerMs, this.#freshMs)
      const waitMs = this.#waits.listMs
      const limit = { waitMs, late: () => listTimeout(this.#source, address, waitMs) }
      const stored = await this.#gate.pass(
        address.hostname,
        () => refreshList(this.#deps, this.#source, { address, waitMs, acceptAgeMs }),
        limit,
      )
      this.#failures.delete(key)
      if (stored !== undefined) return this.#keep(key, stored.versions, stored.ageMs)
      this.#missing.set(this.#source.nameOf(address), this.#deps.clock.now())
      this.#known.delete(key)
      return undefined
    } catch (error) {
      this.#failures.set(key, { error, at: this.#deps.clock.now() })
      throw error
    } finally {
      this.#running.delete(this.#source.nameOf(address))
    }
  }

  async #load(address: Address): Promise<KnownList<Version> | undefined> {
    const stored = await this.#source.find(this.#deps.database.db, address)
    return stored && this.#keep(this.#source.keyOf(address), stored.versions, stored.ageMs)
  }

  #keep(key: string, versions: readonly Version[], ageMs: number): KnownList<Version> {
    const names = new Set(versions.map(({ version }) => version))
    const list = { versions, names, fetchedAt: this.#deps.clock.now() - ageMs }
    this.#known.set(key, list)
    return list
  }

  #isMissing(address: Address): boolean {
    return this.#ageOf(this.#missing.get(this.#source.nameOf(address))) < MISSING_MS
  }

  #failedWithin(key: string, timeMs: number): boolean {
    return this.#ageOf(this.#failures.get(key)?.at) < timeMs
  }

  #ageOf(at: UnixMs | undefined): number {
    return at === undefined ? Number.POSITIVE_INFINITY : this.#deps.clock.now() - at
  }
}
