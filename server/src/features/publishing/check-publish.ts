import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatPlatform, type Platform } from '@terrace/protocol/platforms.ts'
import type { Clock } from '../../base/clock.ts'
import { decodeJson } from '../../base/database/columns.ts'
import { RegistryError } from '../../base/errors.ts'
import type { SpooledFile } from '../../base/spool.ts'
import { displayProvider, type ProviderPlatformRow, type ProviderVersionRow } from '../providers/index.ts'
import type { PublisherSignature } from './verify-publisher-signature.ts'

/** What the database holds of a version when somebody publishes to it. */
export interface PublishState {
  readonly version: ProviderVersionRow | undefined
  /** Deleted ones included. */
  readonly platforms: readonly ProviderPlatformRow[]
}

/** What is left to do for a publish; platforms are named like `linux_amd64`. */
export interface PublishPlan {
  /** Platforms that are not there yet. */
  readonly added: ReadonlySet<string>
  /** Platforms whose stored bytes are damaged: the same bytes bring them back, at any age of the version. */
  readonly repaired: ReadonlySet<string>
}

interface Wanted {
  readonly address: ProviderAddress
  readonly version: string
  readonly protocols: readonly string[] | undefined
  readonly packages: readonly { readonly platform: Platform; readonly file: Pick<SpooledFile, 'sha256'> }[]
  readonly signed: PublisherSignature | undefined
}

interface Rules {
  readonly clock: Clock
  readonly config: { readonly providers: { readonly sealAfterDays: number } }
}

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Decides what a publish may do to a version: add what is missing, bring back what is damaged, leave alone what is the same,
 * refuse what differs.
 *
 * @throws {RegistryError} PROVIDER_VERSION_EXISTS, PROVIDER_VERSION_SEALED, PROVIDER_VERSION_DELETED
 */
export function checkPublish(rules: Rules, wanted: Wanted, state: PublishState): PublishPlan {
  const name = `${displayProvider(wanted.address)} ${wanted.version}`
  const { version } = state
  if (version !== undefined && version.deletedAt !== null) throw deleted(name)
  const added = new Set<string>()
  const repaired = new Set<string>()
  for (const { platform, file } of wanted.packages) {
    const key = formatPlatform(platform)
    const row = state.platforms.find(({ os, arch }) => os === platform.os && arch === platform.arch)
    if (row === undefined) added.add(key)
    else if (isDamaged(`${name} ${key}`, row, `zh:${file.sha256}`)) repaired.add(key)
  }
  if (version !== undefined && added.size > 0) refuseAddition(rules, { name, wanted, version })
  return { added, repaired }
}

function deleted(name: string): RegistryError {
  return new RegistryError('PROVIDER_VERSION_DELETED', `Cannot publish "${name}": it was deleted and its number stays taken`, {
    hint: 'Publish a new version',
  })
}

/** Whether the package that is there has to be stored again. @throws when it is another one. */
function isDamaged(name: string, row: ProviderPlatformRow, zh: string): boolean {
  if (row.deletedAt !== null) throw deleted(name)
  if (row.zh === zh) return row.damagedAt !== null
  throw new RegistryError('PROVIDER_VERSION_EXISTS', `Cannot publish "${name}": it is immutable and has other content`, {
    hint: 'Publish a new version',
    detail: { published: row.zh, offered: zh },
  })
}

function refuseAddition(rules: Rules, { name, wanted, version }: { name: string; wanted: Wanted; version: ProviderVersionRow }): void {
  const sealedAt = version.createdAt + rules.config.providers.sealAfterDays * DAY_MS
  if (rules.clock.now() > sealedAt) {
    throw new RegistryError(
      'PROVIDER_VERSION_SEALED',
      `Cannot add a platform to "${name}": it was sealed on ${new Date(sealedAt).toISOString()}`,
      { hint: 'Publish a new version, or raise "providers.seal_after_days"' },
    )
  }
  const known = decodeJson<string[]>(version.protocols)
  if (wanted.protocols !== undefined && wanted.protocols.join() !== known.join()) {
    throw differs(name, `it was published with plugin protocols ${known.join(', ')}`)
  }
  refuseOtherSigner(name, wanted.signed, version)
}

function refuseOtherSigner(name: string, signed: PublisherSignature | undefined, version: ProviderVersionRow): void {
  if (signed === undefined) {
    if (version.signedBy === 'registry') return
    throw differs(name, 'it is signed by its publisher, so its SHA256SUMS and signature must come along')
  }
  if (version.signedBy === 'registry') throw differs(name, 'it is signed by this registry and cannot change its signer')
  if (!Buffer.from(version.shasums).equals(signed.shasums)) throw differs(name, 'it was published with another SHA256SUMS')
}

function differs(name: string, state: string): RegistryError {
  return new RegistryError('PROVIDER_VERSION_EXISTS', `Cannot add a platform to "${name}": ${state}`, {
    hint: 'Send what the version was published with, or publish a new version',
  })
}
