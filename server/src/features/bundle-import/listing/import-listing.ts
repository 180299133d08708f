import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { ModuleAddress } from '@terrace/protocol/module-addresses.ts'
import type { Platform } from '@terrace/protocol/platforms.ts'
import type { CarriedModule } from '../../module-pull-through/index.ts'

/** A file that is said to be brought. */
export interface ListedFile {
  /** Bytes. */
  readonly size: number
  /** Lower-case hex. */
  readonly sha256: string
  /** `false`: only an earlier bundle has it. */
  readonly isHere: boolean
}

/** The zip of one platform. */
export interface ListedPackage extends ListedFile {
  readonly platform: Platform
  readonly filename: string
  /** `h1:` and `zh:` as stated by whoever packed it; compared with our own. */
  readonly hashes: readonly string[]
}

/** One version of a provider. */
export interface ListedVersion {
  readonly address: ProviderAddress
  /** Canonical. */
  readonly version: string
  /** Of plugins; empty when it is not known. */
  readonly protocols: readonly string[]
  /** Fingerprint of the key that is said to have signed; `undefined` when nobody says. */
  readonly signingKey: string | undefined
  /** Whoever published it has signed nothing; another registry may have signed what it holds. */
  readonly isUnsigned: boolean
  readonly shasums: ListedFile | undefined
  readonly signature: ListedFile | undefined
  readonly packages: readonly ListedPackage[]
}

/** One version of a module. */
export interface ListedModule {
  /** Of the registry it is from. */
  readonly hostname: string
  readonly address: ModuleAddress
  readonly version: string
  /** Where the registry it is from had it from; `undefined`: its own users have published it there. */
  readonly fetchedFrom: Omit<CarriedModule, 'identity'> | undefined
  readonly description: string
  readonly sourceUrl: string | null
  /** A canonical `.tar.gz`. */
  readonly archive: ListedFile
}

/** A public key that comes along; it proves nothing by that. */
export interface ListedKey {
  readonly fingerprint: string
  readonly asciiArmor: string
}

/** What is to be imported. Everything in it is a claim until its bytes have been verified. */
export interface ImportListing {
  readonly kind: 'bundle' | 'directory'
  /** Of the bundle, or of the folder. */
  readonly name: string
  /** Bundles: fingerprint of the trusted key that signed the manifest. */
  readonly signedBy: string | null
  readonly keys: readonly ListedKey[]
  readonly versions: readonly ListedVersion[]
  readonly modules: readonly ListedModule[]
}

/** What an administrator has allowed for one import. */
export interface ImportOptions {
  /** Fingerprints of keys that may be trusted from now on, upper-case hex. */
  readonly trustKeys: readonly string[]
  readonly allowUnsigned: boolean
}
