import { formatProviderAddress } from '@terrace/protocol/addresses.ts'
import { parseShasums } from '@terrace/protocol/shasums.ts'
import type { Db } from '../../../base/database/open-database.ts'
import { RegistryError } from '../../../base/errors.ts'
import { findProvider, findProviderVersion, listPlatforms, type ProviderPlatformRow } from '../../providers/index.ts'
import { findShownShasums, type VersionIdentity } from './digest-queries.ts'

/** A file for which an upstream signs another digest than before. */
export interface DigestChange {
  readonly filename: string
  /** `zh:` and lower-case hex. */
  readonly expected: string
  /** `null`: it is on the list no more. */
  readonly found: string | null
  /** Whether the bytes with the expected digest are here; otherwise only clients have been shown it. */
  readonly held: boolean
}

type Entries = ReadonlyMap<string, string>

/** What an upstream lists now; a partial one is silent about the other packages. */
export interface ListedNow {
  readonly entries: Entries
  readonly isPartial?: boolean
}

/** Packages of a version that are or were held: a deleted one keeps its digest, too. */
export async function listHeldPackages(db: Db, { address, version }: VersionIdentity): Promise<ProviderPlatformRow[]> {
  const provider = await findProvider(db, address)
  const row = provider && (await findProviderVersion(db, provider.id, version))
  return row === undefined ? [] : await listPlatforms(db, row.id)
}

/** The first file that is held under another digest than the list has. */
async function findChangedHeld(db: Db, of: VersionIdentity, { entries, isPartial = false }: ListedNow): Promise<DigestChange | undefined> {
  for (const { filename, zh } of await listHeldPackages(db, of)) {
    const found = listed(entries, filename)
    if (found !== zh && !(found === null && isPartial)) return { filename, expected: zh, found, held: true }
  }
  return undefined
}

/** The first file that clients were shown under another digest than the list has; what is gone from the list can be asked for no more. */
async function findChangedShown(db: Db, of: VersionIdentity, { entries }: ListedNow): Promise<DigestChange | undefined> {
  const shown = await findShownShasums(db, of)
  for (const [filename, sha256] of shown === undefined ? [] : parseShasums(shown).checksums) {
    const [expected, found] = [`zh:${sha256}`, listed(entries, filename)]
    if (found !== null && found !== expected) return { filename, expected, found, held: false }
  }
  return undefined
}

/** `zh:` of a file; `null` when it is not on the list. */
export function listed(entries: Entries, filename: string): string | null {
  const sha256 = entries.get(filename)
  return sha256 === undefined ? null : `zh:${sha256}`
}

/**
 * Refuses a list that contradicts what is held, or what clients were shown: what is known stays (reliability.md row 44).
 * @throws {RegistryError} PROVIDER_VERSION_EXISTS
 */
export async function refuseChangedDigests(db: Db, of: VersionIdentity, list: ListedNow): Promise<void> {
  const change = (await findChangedHeld(db, of, list)) ?? (await findChangedShown(db, of, list))
  if (change === undefined) return
  const { filename, ...detail } = change
  const name = `"${formatProviderAddress(of.address)}" "${of.version}"`
  const state = change.found === null ? `its new list lacks "${filename}"` : `the upstream changed the checksum of "${filename}"`
  throw new RegistryError('PROVIDER_VERSION_EXISTS', `Cannot take ${name} over: ${state}`, {
    hint: 'What is held stays in service; ask the publisher what happened before you trust the new files',
    detail,
  })
}
