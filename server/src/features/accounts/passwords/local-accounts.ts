import { RegistryError } from '../../../base/errors.ts'

/**
 * @param intent what cannot be done otherwise: `sign in`.
 * @throws {RegistryError} LOCAL_ACCOUNTS_OFF when people sign in elsewhere only.
 */
export function requireLocalAccounts(config: { readonly auth: { readonly localAccounts: boolean } }, intent: string): void {
  if (config.auth.localAccounts) return
  throw new RegistryError('LOCAL_ACCOUNTS_OFF', `Cannot ${intent}: this server has no passwords`, {
    hint: 'Use single sign-on; GET /api/v1/auth/methods lists the ways',
  })
}
