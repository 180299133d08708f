import type { ModuleOrigin } from '../fetch/fetch-source.ts'
import type { ModuleIdentity } from '../upstream-module.ts'

/** A version of a module that another registry has fetched, as it says. Everything in it is a claim until its bytes were checked. */
export interface CarriedModule {
  readonly identity: ModuleIdentity
  /** Of the tar in its archive, lower-case hex. */
  readonly contentSha256: string
  readonly origin: ModuleOrigin
  /** Folder of the module in the archive; empty: its root. */
  readonly subdir: string
}

/** For messages: `HOST/NAMESPACE/NAME/SYSTEM VERSION`. */
export function nameOfCarried({ identity: { module, version } }: CarriedModule): string {
  return `${module.hostname}/${module.namespace}/${module.name}/${module.system} ${version}`
}
