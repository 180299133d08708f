import { RegistryError } from '../errors.ts'
import { displayUrl } from './outbound-url.ts'

/**
 * The one check of `mirror.sealed`: refuses what would leave towards an upstream, before a name is resolved or a socket opened.
 * @param target address or host name that was to be asked; only its scheme, host and path are shown.
 * @throws {RegistryError} UPSTREAMS_SEALED when sealed; jobs do not try it again.
 */
export function requireUnsealed(sealed: boolean, target: URL | string): void {
  if (!sealed) return
  const shown = displayUrl(target)
  throw new RegistryError('UPSTREAMS_SEALED', `Cannot ask "${shown}": this server is sealed and asks no upstream`, {
    hint: 'Bring what is missing in with: terrace bundle import; or set "mirror.sealed" to false where upstreams may be asked',
    detail: { target: shown },
  })
}
