import { createHash } from 'node:crypto'
import { formatProviderAddress } from '@terrace/protocol/addresses.ts'
import { parseShasums, shasumsFilename } from '@terrace/protocol/shasums.ts'
import { RegistryError } from '../../../base/errors.ts'
import { findProvider, findProviderVersion } from '../../providers/index.ts'
import { findKeyState } from '../../trust/index.ts'
import type { ImportDeps } from '../import-deps.ts'
import type { HeldPackageRow } from '../import-queries.ts'
import type { ImportOptions, ListedPackage, ListedVersion } from '../listing/import-listing.ts'
import { inEarlierBundle } from './import-refusals.ts'

/** Whether what a version brings can be proven genuine. */
export interface OriginCheck {
  /** Why a package may not be added; `undefined` when nothing speaks against it so far. */
  refusalOf(item: ListedPackage): RegistryError | undefined
  /** The signed list has to be sent. */
  readonly needsList: boolean
}

interface Origin {
  readonly listed: ListedVersion
  /** Any row of the version, when it is known. */
  readonly held: HeldPackageRow | undefined
  readonly options: ImportOptions
  readonly wanted: readonly ListedPackage[]
}

const nothing = () => undefined

/** Looks for a signed list that speaks for the packages: one that comes along, else the one that is held; and at the key. */
export async function checkOrigin(deps: ImportDeps, origin: Origin): Promise<OriginCheck> {
  const { listed, options } = origin
  if (listed.isUnsigned && !options.allowUnsigned) return refuseAll(unsigned(listed))
  const keyRefusal = await checkKey(deps, listed, options)
  if (keyRefusal !== undefined) return refuseAll(keyRefusal)
  const stored = origin.held && (await readStoredList(deps, listed))
  // What was verified once is never continued without its publisher's signature.
  if (listed.isUnsigned && stored !== undefined && stored.provenance !== 'unsigned') return checkAgainstHeld(origin, stored)
  if (listed.shasums?.isHere && listed.signature?.isHere) return { refusalOf: nothing, needsList: true }
  if (listed.shasums !== undefined && !listed.shasums.isHere) return checkStoredCopy(origin, listed.shasums.sha256, stored)
  return checkAgainstHeld(origin, stored)
}

const refuseAll = (refusal: RegistryError): OriginCheck => ({ refusalOf: () => refusal, needsList: false })

async function checkKey(deps: ImportDeps, { address, version, signingKey }: ListedVersion, options: ImportOptions) {
  if (signingKey === undefined) return undefined
  const state = await findKeyState(deps, address, signingKey)
  if (state === 'trusted') return undefined
  const isDecidable = state === 'unknown' || state === 'pending'
  if (isDecidable && options.trustKeys.includes(signingKey)) return undefined
  const name = `${formatProviderAddress(address)} ${version}`
  const scope = `${address.hostname}/${address.namespace}`
  return new RegistryError('SIGNING_KEY_CONFLICT', `Cannot import "${name}": key ${signingKey} is ${TELL[state]} for "${scope}"`, {
    hint: isDecidable
      ? 'Compare the fingerprint with the one its owner publishes, then import with --trust-keys FINGERPRINT'
      : 'An administrator has to accept the key first: terrace signing-key list',
    detail: { fingerprint: signingKey, state },
  })
}

const TELL = {
  unknown: 'not trusted here',
  pending: 'waiting for an administrator',
  rejected: 'rejected',
  revoked: 'revoked',
} as const

/** A list as it is held, with what was verified of it when it came. */
interface StoredList {
  readonly sha256: string
  readonly entries: ReadonlyMap<string, string>
  readonly provenance: string
}

async function readStoredList({ database: { db } }: ImportDeps, { address, version }: ListedVersion): Promise<StoredList | undefined> {
  const provider = await findProvider(db, address)
  const row = provider && (await findProviderVersion(db, provider.id, version))
  if (row === undefined) return undefined
  const { checksums } = parseShasums(row.shasums)
  return { sha256: createHash('sha256').update(row.shasums).digest('hex'), entries: checksums, provenance: row.provenance }
}

function checkStoredCopy({ listed }: Origin, sha256: string, stored: StoredList | undefined): OriginCheck {
  if (stored?.sha256 === sha256) return { refusalOf: nothing, needsList: false }
  return refuseAll(inEarlierBundle(listed, shasumsFilename({ type: listed.address.type, version: listed.version })))
}

/** Folders carry no signatures: the list that is held speaks for the rest of its version. */
function checkAgainstHeld({ listed, options }: Origin, stored: StoredList | undefined): OriginCheck {
  if (stored === undefined || stored.provenance === 'unsigned') {
    return options.allowUnsigned ? { refusalOf: nothing, needsList: false } : refuseAll(unsigned(listed))
  }
  return {
    needsList: false,
    refusalOf: (item) => (stored.entries.get(item.filename) === item.sha256 ? undefined : notOnList(item, stored)),
  }
}

function notOnList({ filename, sha256 }: ListedPackage, { entries }: StoredList): RegistryError {
  const expected = entries.get(filename) ?? null
  return new RegistryError(
    'CHECKSUM_MISMATCH',
    `Cannot import "${filename}": ${expected === null ? 'the signed list that is held does not name it' : 'the signed list that is held has another checksum'}`,
    { detail: { expected: expected === null ? null : `zh:${expected}`, found: `zh:${sha256}` } },
  )
}

function unsigned({ address, version }: ListedVersion): RegistryError {
  return new RegistryError(
    'INVALID_SIGNATURE',
    `Cannot import "${formatProviderAddress(address)} ${version}": nothing signed speaks for it`,
    {
      hint: 'Put its SHA256SUMS and SHA256SUMS.sig beside the zips; or, if you know where it is from, import with --allow-unsigned',
      detail: { reason: 'missing' },
    },
  )
}
