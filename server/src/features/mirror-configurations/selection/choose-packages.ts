import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { UnixMs } from '../../../base/clock.ts'
import { RegistryError } from '../../../base/errors.ts'
import { type PolicyDecision, requireAllowed } from '../../mirror-policies/index.ts'
import { findNamespace } from '../../namespaces/index.ts'
import { namespaceClaimed } from '../change-mirrors.ts'
import type { MirrorConfigurationDeps } from '../mirror-deps.ts'
import type { BlockedVersion, Choice, ChoiceOf, LeftOut, Sighting } from './choice.ts'
import { leaveQuarantined } from './leave-quarantined.ts'
import { leftByRules, leftBySettings } from './left-out.ts'
import { type Candidate, sortOffer } from './list-candidates.ts'
import { type KnownPackage, listKnownPackages } from './selection-queries.ts'
import { createAgeReader } from './version-ages.ts'

type ChooseDeps = Pick<MirrorConfigurationDeps, 'database' | 'upstreams' | 'clock' | 'policy' | 'config'>

const DAY_MS = 24 * 60 * 60 * 1000
/** Ages that are asked for at the same time. */
const AT_ONCE = 8

/**
 * Asks the upstream what there is and chooses what a mirror shall bring. Nothing is written.
 *
 * @throws {RegistryError} NAMESPACE_TAKEN and POLICY_REFUSED before anything is asked;
 * PROVIDER_VERSION_NOT_FOUND when the one version that is asked for does not fit; the codes of the upstream client.
 */
export async function choosePackages(deps: ChooseDeps, of: ChoiceOf): Promise<Choice> {
  const { db } = deps.database
  if ((await findNamespace(db, of.address.namespace)) !== undefined) throw namespaceClaimed(of.address.namespace)
  const subject = { ...of.address, organizationId: of.organizationId }
  requireAllowed('mirror', subject, await deps.policy.decide(subject))
  const offered = await deps.upstreams.listVersions(of.address)
  const { candidates: all, misfits } = sortOffer(of.settings, offered)
  const candidates = all.filter(({ version }) => of.version === undefined || version === of.version)
  if (of.version !== undefined && candidates.length === 0) throw doesNotFit(of.address, of.version)
  const known = groupByVersion(await listKnownPackages(db, of.address))
  const decisions = await deps.policy.decideVersions(of.address, namesOf(candidates), { organizationId: of.organizationId })
  const outcome = await sift(deps, of, { candidates, known, decisions })
  const left = of.version === undefined ? [...misfits].flatMap(([reason, versions]) => leftBySettings(reason, versions)) : []
  const choice = { ...outcome, leftOut: [...left, ...outcome.leftOut] }
  // Whoever asks for one version wants to see it fail.
  return of.version === undefined ? await leaveQuarantined(deps, of.address, choice) : choice
}

interface Offer {
  readonly candidates: readonly Candidate[]
  readonly known: ReadonlyMap<string, readonly KnownPackage[]>
  readonly decisions: ReadonlyMap<string, PolicyDecision>
}

function namesOf(candidates: readonly Candidate[]): string[] {
  return candidates.map(({ version }) => version)
}

/** From the newest on, until there are enough. */
async function sift(deps: ChooseDeps, of: ChoiceOf, offer: Offer): Promise<Choice> {
  const { candidates, known } = offer
  const readAge = await createAgeReader(deps, of)
  const limit = of.version === undefined ? (of.settings.keepNewest ?? Number.POSITIVE_INFINITY) : 1
  const outcome = new Outcome(offer)
  for (let start = 0; start < candidates.length && outcome.chosen < limit; start += AT_ONCE) {
    const part = candidates.slice(start, start + AT_ONCE)
    const ages = await Promise.all(part.map(({ version }) => (known.has(version) ? undefined : readAge(version))))
    part.forEach((candidate, index) => {
      if (outcome.chosen < limit)
        outcome.add(candidate, ages[index], { now: deps.clock.now(), coolDownMs: of.settings.coolDownDays * DAY_MS })
    })
  }
  return outcome.result()
}

class Outcome {
  chosen = 0
  readonly #take: Candidate[] = []
  readonly #blocked: BlockedVersion[] = []
  readonly #seen: Sighting[] = []
  #held = 0
  #lookedAt = 0
  readonly #offer: Offer

  constructor(offer: Offer) {
    this.#offer = offer
  }

  add(
    candidate: Candidate,
    sighting: Sighting | undefined,
    { now, coolDownMs }: { readonly now: UnixMs; readonly coolDownMs: number },
  ): void {
    const { version } = candidate
    this.#lookedAt += 1
    if (sighting !== undefined) this.#seen.push(sighting)
    const known = this.#offer.known.get(version) ?? []
    const until = sighting === undefined ? 0 : (sighting.publishedAt ?? sighting.firstSeenAt) + coolDownMs
    const blocked = this.#blockOf(version, known) ?? (until > now ? waitingUntil(version, until) : undefined)
    if (blocked !== undefined) {
      this.#blocked.push(blocked)
      return
    }
    this.chosen += 1
    this.#choose(candidate, known)
  }

  result(): Choice {
    return { take: this.#take, blocked: this.#blocked, seen: this.#seen, held: this.#held, leftOut: this.#leftOut() }
  }

  /** What is here already is not left out, however old it is. */
  #leftOut(): LeftOut[] {
    const { candidates, known } = this.#offer
    const beyond = namesOf(candidates.slice(this.#lookedAt)).filter((version) => !known.has(version))
    return [...leftBySettings('keep_newest', beyond), ...leftByRules(this.#blocked)]
  }

  #blockOf(version: string, known: readonly KnownPackage[]): BlockedVersion | undefined {
    if (known.some(({ versionDeletedAt }) => versionDeletedAt !== null)) {
      return { version, reason: 'deleted', why: 'Somebody deleted it here; load it by a definition file to bring it back' }
    }
    const decision = this.#offer.decisions.get(version)
    if (decision === undefined || decision.allowed) return undefined
    const { why, heldUntil } = decision
    return { version, reason: 'policy', why: why.join('; '), ...(heldUntil !== undefined && { until: heldUntil }) }
  }

  /** A package that somebody deleted stays away; a damaged one is brought again. */
  #choose({ version, platforms }: Candidate, known: readonly KnownPackage[]): void {
    const settled = new Set(
      known.filter(({ damagedAt, deletedAt }) => damagedAt === null || deletedAt !== null).map(({ os, arch }) => `${os}_${arch}`),
    )
    const missing = platforms.filter((platform) => !settled.has(platform))
    this.#held += platforms.length - missing.length
    if (missing.length > 0) this.#take.push({ version, platforms: missing })
  }
}

function waitingUntil(version: string, until: UnixMs): BlockedVersion {
  const why = `The cool-down of the mirror holds it until ${new Date(until).toISOString()}`
  return { version, reason: 'cool_down', why, until }
}

function groupByVersion(packages: readonly KnownPackage[]): Map<string, KnownPackage[]> {
  return Map.groupBy(packages, ({ version }) => version)
}

function doesNotFit(address: ProviderAddress, version: string): RegistryError {
  return new RegistryError(
    'PROVIDER_VERSION_NOT_FOUND',
    `Cannot bring "${formatProviderAddress(address)}" "${version}": the upstream does not offer it, or the mirror's settings leave it out`,
    { hint: 'Compare the version constraints and platforms of the mirror with what the upstream lists' },
  )
}
