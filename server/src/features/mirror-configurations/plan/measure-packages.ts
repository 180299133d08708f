import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { parsePlatform } from '@terrace/protocol/platforms.ts'
import { RegistryError } from '../../../base/errors.ts'
import type { MirrorConfigurationDeps } from '../mirror-deps.ts'
import { type SizedPackage, spreadIndexes } from './estimate-bytes.ts'

/** A package that a run would bring. */
export interface PlannedPackage {
  readonly address: ProviderAddress
  readonly version: string
  /** `linux_amd64` */
  readonly platform: string
}

type MeasureDeps = Pick<MirrorConfigurationDeps, 'upstreams' | 'clock'>

/** More than these are estimated: each takes two requests to the upstream. */
const MAX_MEASURED = 400
/** Somebody waits for the plan. */
const MEASURE_FOR_MS = 20_000
const AT_ONCE = 8

/**
 * Asks the upstream for the sizes of packages without fetching any; of many for an even choice of them. What the upstream does not
 * tell stays unknown, and an upstream that asks to wait is asked no more.
 */
export async function measurePackages(deps: MeasureDeps, packages: readonly PlannedPackage[]): Promise<SizedPackage[]> {
  const sizes = new Map<number, number>()
  const waiting = spreadIndexes(packages.length, MAX_MEASURED)
  const endsAt = deps.clock.now() + MEASURE_FOR_MS
  const work = async () => {
    for (let index = waiting.shift(); index !== undefined && deps.clock.now() < endsAt; index = waiting.shift()) {
      const size = await measure(deps, packages[index]).catch((error: unknown) => {
        if (isRateLimit(error)) waiting.length = 0
        return ignoreExpected(error)
      })
      if (size !== undefined) sizes.set(index, size)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return packages.map(({ address, platform }, index) => {
    const family = formatProviderAddress(address)
    return { family, group: `${family} ${platform}`, bytes: sizes.get(index) }
  })
}

async function measure({ upstreams }: MeasureDeps, wanted: PlannedPackage | undefined): Promise<number | undefined> {
  const platform = wanted && parsePlatform(wanted.platform)
  if (wanted === undefined || platform === undefined) return undefined
  return await upstreams.findPackageSize(await upstreams.getPackageDocument(wanted.address, wanted.version, platform))
}

function isRateLimit(error: unknown): boolean {
  return error instanceof RegistryError && error.code === 'UPSTREAM_RATE_LIMITED'
}

/** A size that cannot be told now is estimated. */
function ignoreExpected(error: unknown): undefined {
  if (!(error instanceof RegistryError)) throw error
}
