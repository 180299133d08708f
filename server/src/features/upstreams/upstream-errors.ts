import { RegistryError } from '../../base/errors.ts'

/**
 * Gives a failure the meaning it has for what was asked: a 404 becomes `missing`; 401 and 403 get a hint, because no credential
 * is ever sent to an upstream. Everything else is passed through.
 */
export function explainRefusal(error: unknown, missing: RegistryError): unknown {
  if (!(error instanceof RegistryError)) return error
  const status = error.detail?.status
  if (status === 404 || status === 410) return missing
  if (status !== 401 && status !== 403) return error
  return new RegistryError(error.code, error.message, {
    hint: 'The upstream wants a credential; what needs one cannot be mirrored',
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    cause: error,
  })
}
