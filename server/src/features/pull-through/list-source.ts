import type { Db } from '../../base/database/open-database.ts'

/** Something that an upstream offers. */
export interface OfUpstream {
  readonly hostname: string
}

/** An entry of a version list. */
export interface ListedVersion {
  /** Canonical. */
  readonly version: string
}

/** What an upstream last said it offers. */
export interface StoredVersionList<Version extends ListedVersion, Address = unknown> {
  readonly versions: readonly Version[]
  /** Since then, by the database's clock. */
  readonly ageMs: number
  /** The spelling in which the upstream has it, where there are several; it is asked for in this one again. */
  readonly address?: Address | undefined
}

/** Where the version lists of one kind of thing come from, and where they are kept. */
export interface ListSource<Address extends OfUpstream, Version extends ListedVersion> {
  /** Name of what is listed in the spelling that was asked for; for people. */
  nameOf(address: Address): string
  /** The same for every spelling of it. */
  keyOf(address: Address): string
  /** Of the claim under which one process asks for all; differs for each kind. */
  readonly claimPrefix: string
  find(db: Db, address: Address): Promise<StoredVersionList<Version, Address> | undefined>
  save(db: Db, address: Address, list: readonly Version[]): Promise<void>
  /** What the upstream lists now; `undefined` when it has nothing of this name. */
  ask(address: Address, options: { readonly timeoutMs: number }): Promise<readonly Version[] | undefined>
}
