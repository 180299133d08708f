import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { matchesConstraints, parseConstraints } from '@terrace/protocol/constraints.ts'
import { formatPlatform } from '@terrace/protocol/platforms.ts'
import { canonicalVersion, parseVersion } from '@terrace/protocol/versions.ts'
import { RegistryError } from '../../base/errors.ts'
import type { NewJobItem } from '../../base/queue/job-queue.ts'
import type { JobHandler } from '../../base/queue/worker.ts'
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

/** Asks the upstream which versions there are and adds one item for each package that was asked for. */
export const resolveProviderJob =
  (deps: MirrorDeps): JobHandler<ResolveProviderInput> =>
  async ({ jobId, input }) => {
    const offered = await deps.upstreams.listVersions(input)
    const items = selectPackages(input, offered)
    return async (tx) => {
      await deps.queue.addItems(tx, jobId, items)
    }
  }

/**
 * Packages that a definition asks for. A constraint takes every version that matches, on each wanted platform that the
 * upstream offers for it; an exact version is taken on each wanted platform, so that one that is not offered is reported.
 *
 * @throws {RegistryError} PROVIDER_VERSION_NOT_FOUND, PROVIDER_PLATFORM_NOT_FOUND when something asked for matches nothing.
 */
export function selectPackages(input: ResolveProviderInput, offered: readonly UpstreamVersion[]): NewJobItem[] {
  const packages = new Map<string, FetchPackageInput>()
  for (const text of input.versions) {
    for (const version of selectVersions(input, text, offered)) {
      const exact = canonicalVersion(text) === version.version
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

function selectVersions(input: ResolveProviderInput, text: string, offered: readonly UpstreamVersion[]): UpstreamVersion[] {
  const constraints = parseConstraints(text)
  const matching = offered.filter(({ version }) => {
    const parsed = parseVersion(version)
    return parsed !== undefined && matchesConstraints(parsed, constraints)
  })
  if (matching.length > 0) return matching
  throw new RegistryError(
    'PROVIDER_VERSION_NOT_FOUND',
    `Cannot load "${formatProviderAddress(input)}": the upstream offers no version that matches "${text}"`,
    { hint: 'Look at the versions the upstream lists; a pre-release is matched only by its exact version' },
  )
}

function selectPlatforms(input: ResolveProviderInput, version: UpstreamVersion, exact: boolean): string[] {
  const offered = version.platforms.map(formatPlatform)
  if (input.platforms === 'all') return offered
  // An upstream may leave its list of platforms empty; the clients do not read it either (protocol.md C63).
  if (exact || offered.length === 0) return [...input.platforms]
  return input.platforms.filter((platform) => offered.includes(platform))
}
