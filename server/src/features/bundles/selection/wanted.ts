import type { Actor } from '../../../base/http/edge-types.ts'
import type { LockAddress } from '../../lock-file/index.ts'

/** Who makes a bundle. */
export interface Asker {
  readonly actor: Actor
  /** Our own host name, as the asker knows it. */
  readonly own: string
  /** Scheme and host to put before rooted links; may be empty. */
  readonly base: string
}

/** One version of a provider that shall be in a bundle. */
export interface WantedProvider {
  readonly address: LockAddress
  /** Canonical. */
  readonly version: string
  /** `linux_amd64`, …; empty: all that are stored. */
  readonly platforms: readonly string[]
}

/** One version of a module that shall be in a bundle. */
export interface WantedModule {
  /** Of the registry that it came from; `undefined`: it is published here. */
  readonly hostname: string | undefined
  /** `NAMESPACE/NAME/SYSTEM` */
  readonly name: string
  readonly version: string
}

/** Something that shall be in a bundle and is not held. */
export interface MissingItem {
  /** What it is, as people write it: `registry.terraform.io/hashicorp/null 3.2.1 linux_amd64`. */
  readonly object: string
  /** A phrase that goes on from its name. */
  readonly state: string
  /** What to do about it. */
  readonly hint: string
  /** Link that brings it when it is followed; `undefined` when nothing does by itself. */
  readonly fetchUrl?: string
}

/** What a bundle shall have. */
export interface Selection {
  readonly providers: readonly WantedProvider[]
  readonly modules: readonly WantedModule[]
  readonly missing: readonly MissingItem[]
}

/** What to do about a provider that is not here. */
export const LOAD_IT = 'Load it with: terrace mirror load FILE --wait'

/** What to do about one that would be published here. */
export const PUBLISH_IT = 'Publish it with: terrace provider publish'
