import { errors } from 'jose'
import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client'
import { RegistryError } from '../../../base/errors.ts'
import type { Logger } from '../../../base/logger.ts'
import type { SignOnProvider } from '../sign-on-providers.ts'
import { signOnRefused } from '../sign-on-refusals.ts'

/** A word of the protocol; anything else in its place is not repeated. */
const PROTOCOL_WORD = /^[a-z_]{1,40}$/

/**
 * What a failed conversation with a provider means for the person in front of the browser. The reason is logged for administrators:
 * codes and protocol words only, because the errors of the library carry whole answers with tokens in them.
 */
export function asSignOnFailure(logger: Pick<Logger, 'warn'>, provider: SignOnProvider, error: unknown): unknown {
  const outbound = causes(error).find((cause) => cause instanceof RegistryError)
  if (outbound !== undefined) return unreachable(provider, outbound)
  const reason = describe(error)
  if (reason === undefined) return error
  logger.warn({ provider: provider.name, reason }, 'Single sign-on failed')
  return signOnRefused(provider, error instanceof AuthorizationResponseError ? 'provider_refused' : 'answer_invalid')
}

function describe(error: unknown): string | undefined {
  if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError) {
    const word = PROTOCOL_WORD.test(error.error) ? error.error : 'an unknown error'
    return `${error instanceof ResponseBodyError ? 'token endpoint' : 'authorization'} answered ${word}`
  }
  if (error instanceof ClientError) return `${error.code ?? 'error'}: ${error.message}${claimOf(error)}`
  if (error instanceof errors.JOSEError) return `${error.code}: ${error.message}`
  return error instanceof TypeError ? error.message : undefined
}

/** Name of the claim or parameter that did not fit. */
function claimOf(error: ClientError): string {
  const inner = causes(error).at(-1)
  return inner instanceof Error && inner !== error ? ` (${inner.message.slice(0, 200)})` : ''
}

function causes(error: unknown): unknown[] {
  const chain: unknown[] = []
  for (let node = error; node instanceof Error && chain.length < 5; node = node.cause) chain.push(node)
  return chain
}

function unreachable({ title }: SignOnProvider, cause: RegistryError): RegistryError {
  const { code, detail, retryAfterSeconds } = cause
  return new RegistryError(code, `Cannot sign in with "${title}": the identity provider cannot be asked`, {
    hint: cause.hint ?? 'Try again later, or sign in another way',
    ...(detail === undefined ? {} : { detail }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    cause,
  })
}
