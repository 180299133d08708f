import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { matchesConstraints, parseConstraints } from '@terrace/protocol/constraints.ts'
import { formatPlatform } from '@terrace/protocol/platforms.ts'
import { canonicalVersion, compareVersions, parseVersion } from '@terrace/protocol/versions.ts'
import { RegistryError } from '../../base/errors.ts'
import type { NewJobItem } from '../../base/queue/job-queue.ts'
import type { JobHandler } from '../../base/queue/worker.ts'
import { type PolicyDecision, refusedByPolicy, requireAllowed } from '../mirror-policies/index.ts'
import type { UpstreamVersion } from '../upstreams/index.ts'
import { FETCH_PACKAGE, type FetchPackageInput } from './fetch-package.job.ts'
import type { MirrorDeps } from './mirror-deps.ts'

export const RESOLVE_PROVIDER = 'provider.resolve'

export interface ResolveProviderInput extends ProviderAddress {
  /** Exact versions and constraints, as written. */
  readonly versions: readonly string[]
  /** `linux_amd64`, … or everything the upstream offers. */
  readonly platforms: readonly string[] | 'all'
}

/**
 * Asks the upstream which versions there are and adds one item for each package that was asked for. Of what policies do not let in,
 * exact versions become items that fail with the reason, and constraints leave it out; a provider that they do not let in at all is
 * not asked for.
 */
export const resolveProviderJob =
  (deps: MirrorDeps): JobHandler<ResolveProviderInput> =>
  async ({ jobId, input }) => {
    const { hostname, namespace, type } = input
    const address = { hostname, namespace, type }
    requireAllowed('mirror', address, await deps.policy.decide(address))
    const offered = await deps.upstreams.listVersions(input)
    const decisions = await deps.policy.decideVersions(address, versionsOf(offered))
    const items = selectPackages(input, offered, decisions)
    return async (tx) => {
      await deps.queue.addItems(tx, jobId, items)
    }
  }

/**
 * Packages that a definition asks for. A constraint takes every version that matches, on each wanted platform that the
 * upstream offers for it; an exact version is taken on each wanted platform, so that one that is not offered is reported.
 * @param decisions what policies say of the versions; those that they do not let in are taken only when asked for exactly, for the item
 *   to say why.
 *
 * @throws {RegistryError} PROVIDER_VERSION_NOT_FOUND, PROVIDER_PLATFORM_NOT_FOUND when something asked for matches nothing,
 *   POLICY_REFUSED when policies let nothing of it in.
 */
export function selectPackages(input: ResolveProviderInput, offered: readonly UpstreamVersion[], decisions: Decisions): NewJobItem[] {
  const packages = new Map<string, FetchPackageInput>()
  for (const text of input.versions) {
    for (const { version, exact } of selectVersions(input, text, { offered, decisions })) {
      for (const platform of selectPlatforms(input, version, exact)) {
        const { hostname, namespace, type } = input
        packages.set(`${version.version} ${platform}`, { hostname, namespace, type, version: version.version, platform })
      }
    }
  }
  if (packages.size === 0) {
    const wanted = input.platforms === 'all' ? 'any platform' : input.platforms.join(', ')
    throw new RegistryError(
      'PROVIDER_PLATFORM_NOT_FOUND',
      `Cannot load "${formatProviderAddress(input)}": no matching version is offered for ${wanted}`,
    )
  }
  return [...packages].map(([key, fetch]) => ({ kind: FETCH_PACKAGE, key: `${formatProviderAddress(input)} ${key}`, input: fetch }))
}

type Decisions = ReadonlyMap<string, PolicyDecision>

interface SelectedVersion {
  readonly version: UpstreamVersion
  /** It was named itself. */
  readonly exact: boolean
}

function selectVersions(
  input: ResolveProviderInput,
  text: string,
  { offered, decisions }: { readonly offered: readonly UpstreamVersion[]; readonly decisions: Decisions },
): SelectedVersion[] {
  const constraints = parseConstraints(text)
  const matching = offered.filter(({ version }) => {
    const parsed = parseVersion(version)
    return parsed !== undefined && matchesConstraints(parsed, constraints)
  })
  const named = canonicalVersion(text)
  const selected = matching.map((version) => ({ version, exact: named === version.version }))
  const letIn = selected.filter(({ version, exact }) => exact || decisions.get(version.version)?.allowed !== false)
  if (letIn.length > 0) return letIn
  refuseNewest(input, versionsOf(matching), decisions)
  throw new RegistryError(
    'PROVIDER_VERSION_NOT_FOUND',
    `Cannot load "${formatProviderAddress(input)}": the upstream offers no version that matches "${text}"`,
    { hint: 'Look at the versions the upstream lists; a pre-release is matched only by its exact version' },
  )
}

/** The newest tells why: it is what people mean when they ask for a range. */
function refuseNewest({ hostname, namespace, type }: ProviderAddress, versions: readonly string[], decisions: Decisions): void {
  const [newest] = versions.toSorted((a, b) => compareVersions(b, a))
  const decision = newest === undefined ? undefined : decisions.get(newest)
  if (decision !== undefined) throw refusedByPolicy('mirror', { hostname, namespace, type, version: newest }, decision)
}

const versionsOf = (offered: readonly UpstreamVersion[]): string[] => offered.map(({ version }) => version)

function selectPlatforms(input: ResolveProviderInput, version: UpstreamVersion, exact: boolean): string[] {
  const offered = version.platforms.map(formatPlatform)
  if (input.platforms === 'all') return offered
  // An upstream may leave its list of platforms empty; the clients do not read it either (protocol.md C63).
  if (exact || offered.length === 0) return [...input.platforms]
  return input.platforms.filter((platform) => offered.includes(platform))
}
