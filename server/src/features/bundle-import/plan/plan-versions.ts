import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { RegistryError } from '../../../base/errors.ts'
import { type PolicyDecision, refusedByPolicy } from '../../mirror-policies/index.ts'
import type { ImportDeps } from '../import-deps.ts'
import { type HeldPackageRow, listHeldPackages } from '../import-queries.ts'
import type { ImportOptions, ListedPackage, ListedVersion } from '../listing/import-listing.ts'
import { checkOrigin } from './check-origin.ts'
import { changedDigest, inEarlierBundle } from './import-refusals.ts'

/** What becomes of one package. `keep`: the same bytes are here. */
export type PackagePlan =
  | { readonly item: ListedPackage; readonly state: 'add' | 'keep' }
  | { readonly item: ListedPackage; readonly state: 'refuse'; readonly reason: RegistryError }

/** What becomes of one version. */
export interface VersionPlan {
  readonly listed: ListedVersion
  readonly packages: readonly PackagePlan[]
  /** Whether SHA256SUMS and signature are to be sent with what is added. */
  readonly needsList: boolean
}

/**
 * Compares versions with what is held, policies, keys and what the administrator has allowed. Changes nothing; a package that is to be
 * added may still fail its verification.
 */
export async function planVersions(deps: ImportDeps, versions: readonly ListedVersion[], options: ImportOptions): Promise<VersionPlan[]> {
  const plans: VersionPlan[] = []
  for (const [, group] of Map.groupBy(versions, ({ address }) => formatProviderAddress(address))) {
    const [{ address } = { address: undefined }] = group
    if (address === undefined) continue
    const held = await listHeldPackages(deps.database.db, address)
    for (const listed of group) {
      const rows = held.filter(({ version }) => version === listed.version)
      plans.push(await planVersion(deps, { listed, held: rows, options }))
    }
  }
  return plans
}

interface Planned {
  readonly listed: ListedVersion
  readonly held: readonly HeldPackageRow[]
  readonly options: ImportOptions
}

async function planVersion(deps: ImportDeps, { listed, held, options }: Planned): Promise<VersionPlan> {
  const packages = listed.packages.map((item) => comparePackage(listed, item, held))
  const wanted = packages.filter(({ state }) => state === 'add').map(({ item }) => item)
  if (wanted.length === 0) return { listed, packages, needsList: false }
  const { address, version } = listed
  const refusal =
    refusedAsOwn(deps, address, version) ?? refusedByRules(address, version, await deps.policy.decide({ ...address, version }))
  if (refusal !== undefined) return { listed, packages: packages.map((plan) => refuse(plan, () => refusal)), needsList: false }
  const origin = await checkOrigin(deps, { listed, held: held[0], options, wanted })
  return { listed, packages: packages.map((plan) => refuse(plan, origin.refusalOf)), needsList: origin.needsList }
}

function refuse(plan: PackagePlan, refusalOf: (item: ListedPackage) => RegistryError | undefined): PackagePlan {
  const reason = plan.state === 'add' ? refusalOf(plan.item) : undefined
  return reason === undefined ? plan : { item: plan.item, state: 'refuse', reason }
}

/** Under our own name clients are given what is published here, and never what came from elsewhere. */
function refusedAsOwn({ config }: ImportDeps, address: ProviderAddress, version: string): RegistryError | undefined {
  if (URL.parse(config.server.publicUrl)?.hostname !== address.hostname) return undefined
  return new RegistryError(
    'RULE_BROKEN',
    `Cannot import "${formatProviderAddress(address)} ${version}": "${address.hostname}" is this registry`,
    {
      hint: 'Publish it here, with its SHA256SUMS and signature: terrace provider publish',
    },
  )
}

/** The cool-down is about versions that an upstream has just listed; whoever carries files here has had them for a while. */
function refusedByRules(address: ProviderAddress, version: string, decision: PolicyDecision): RegistryError | undefined {
  if (decision.allowed || decision.decision === 'held') return undefined
  return refusedByPolicy('import', { ...address, version }, decision)
}

function comparePackage(listed: ListedVersion, item: ListedPackage, held: readonly HeldPackageRow[]): PackagePlan {
  const row = held.find(({ os, arch }) => os === item.platform.os && arch === item.platform.arch)
  if (row !== undefined && row.zh !== null && row.zh !== `zh:${item.sha256}`) {
    return { item, state: 'refuse', reason: changedDigest(listed, item, row.zh) }
  }
  const isServed = row !== undefined && row.deletedAt === null && row.damagedAt === null && row.versionDeletedAt === null
  if (isServed) return { item, state: 'keep' }
  return item.isHere ? { item, state: 'add' } : { item, state: 'refuse', reason: inEarlierBundle(listed, item.filename) }
}
