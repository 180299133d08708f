import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatPlatform } from '@terrace/protocol/platforms.ts'
import type { UnixMs } from '../../base/clock.ts'
import type { Deps } from '../../base/deps.ts'
import { RegistryError } from '../../base/errors.ts'
import { findQuarantinedPackage, listQuarantinedOf, type PackageIdentity, type QuarantinedPackageRow } from './quarantine-queries.ts'
import { isHeldBack } from './quarantine-steps.ts'

type HoldDeps = Pick<Deps, 'database' | 'clock'> & { readonly config: { readonly mirror: { readonly quarantineHours: number } } }

const HOUR_MS = 3_600_000

/** Until when nothing but an administrator causes the next try; `undefined` when anything may. */
export function heldBackUntil(
  { step, createdAt, releasedAt }: Pick<QuarantinedPackageRow, 'step' | 'createdAt' | 'releasedAt'>,
  { mirror }: HoldDeps['config'],
): UnixMs | undefined {
  return isHeldBack(step) && releasedAt === null ? createdAt + mirror.quarantineHours * HOUR_MS : undefined
}

/**
 * Refuses to fetch by itself what has failed its verification lately: it would cost the same download with the same end, again and again.
 * @throws {RegistryError} PACKAGE_QUARANTINED
 */
export async function refuseQuarantined(deps: HoldDeps, wanted: PackageIdentity): Promise<void> {
  const row = await findQuarantinedPackage(deps.database.db, wanted)
  const until = row && heldBackUntil(row, deps.config)
  if (row === undefined || until === undefined || until <= deps.clock.now()) return
  const name = `"${formatProviderAddress(wanted.address)}" "${wanted.version}" for "${formatPlatform(wanted.platform)}"`
  throw new RegistryError('PACKAGE_QUARANTINED', `Cannot fetch ${name}: it is in quarantine since it failed the check of its ${row.step}`, {
    hint: `An administrator decides: terrace quarantine show ${row.id}`,
    detail: { id: row.id, step: row.step, until: new Date(until).toISOString() },
  })
}

/** Packages of a provider that are held back, as `1.0.0 linux_amd64`. */
export async function listHeldBack(deps: HoldDeps, address: ProviderAddress): Promise<ReadonlySet<string>> {
  const now = deps.clock.now()
  const rows = await listQuarantinedOf(deps.database.db, address)
  const isHeld = (row: QuarantinedPackageRow) => (heldBackUntil(row, deps.config) ?? 0) > now
  return new Set(rows.filter(isHeld).map(({ version, os, arch }) => `${version} ${formatPlatform({ os, arch })}`))
}
