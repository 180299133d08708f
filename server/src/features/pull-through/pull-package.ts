import { formatProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatPlatform } from '@terrace/protocol/platforms.ts'
import type { FetchPackageInput, PackageIdentity } from '../mirror/index.ts'
import { refuseQuarantined } from '../quarantine/index.ts'
import type { PullKind } from './pull-items.ts'
import type { PullThroughDeps } from './pull-through-deps.ts'
import { explainUpstreamFailure, type FailedStep } from './upstream-failures.ts'

/** Items of this kind have workers of their own: somebody waits for them, and a large job must not be in their way. */
export const PULL_PACKAGE = 'provider.pull_package'

type PackagePullDeps = Pick<PullThroughDeps, 'database' | 'clock' | 'config' | 'catalog'>

/** Packages of providers. Those in quarantine are not fetched for clients: they are told so without a job. */
export function packagePulls(deps: PackagePullDeps): PullKind<PackageIdentity> {
  return {
    itemKind: PULL_PACKAGE,
    keyOf: itemKey,
    async describeJob(wanted) {
      await refuseHeldBack(deps, wanted)
      const key = itemKey(wanted)
      const platform = formatPlatform(wanted.platform)
      const input: FetchPackageInput = { ...wanted.address, version: wanted.version, platform }
      return {
        kind: 'provider.pull_through',
        title: `Fetch on demand: ${key}`,
        createdBy: 'pull-through',
        items: [{ kind: PULL_PACKAGE, key, input }],
      }
    },
    isHeld: (wanted) => isServed(deps, wanted),
    stepOf: packageStep,
  }
}

async function isServed({ catalog }: PackagePullDeps, { address, version, platform }: PackageIdentity): Promise<boolean> {
  const { found } = await catalog.find(address)
  const packages = found?.byVersion.get(version)?.packages ?? []
  return packages.some(({ os, arch }) => os === platform.os && arch === platform.arch)
}

async function refuseHeldBack(deps: PackagePullDeps, wanted: PackageIdentity): Promise<void> {
  try {
    await refuseQuarantined(deps, wanted)
  } catch (error) {
    throw explainUpstreamFailure(error, packageStep(wanted))
  }
}

function packageStep({ address, version, platform }: PackageIdentity): FailedStep {
  const name = `"${formatProviderAddress(address)}" "${version}" for "${formatPlatform(platform)}"`
  return { action: `fetch ${name}`, hostname: address.hostname, step: 'package' }
}

function itemKey({ address, version, platform }: PackageIdentity): string {
  return `${formatProviderAddress(address)} ${version} ${formatPlatform(platform)}`
}
