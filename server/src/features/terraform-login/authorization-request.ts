import { type LoginService, TERRAFORM_LOGIN } from '@terrace/protocol/discovery.ts'
import { RegistryError } from '../../base/errors.ts'

/** What the CLI asks for, after the checks that decide whether it may be answered at all. */
export interface AuthorizationRequest {
  /** Exactly as sent: `http://localhost:10003/login`. */
  readonly redirectUri: string
  /** Exactly as sent; the CLI compares it byte for byte (protocol.md L-2). */
  readonly state: string
  /** `code_challenge`; empty when the request is wrong in another way. */
  readonly codeChallenge: string
  /** What else is wrong, in words for the terminal; the CLI hears it through a code that is refused. */
  readonly problem: string | undefined
}

/** Names of the parameters that make the request; forms carry them on. */
export const REQUEST_PARAMETERS = [
  'client_id',
  'redirect_uri',
  'state',
  'response_type',
  'code_challenge',
  'code_challenge_method',
] as const

/** The parameters as they came. */
export type RequestParameters = Readonly<Partial<Record<(typeof REQUEST_PARAMETERS)[number], string>>>

const REDIRECT_URI = /^http:\/\/(?:localhost|127\.0\.0\.1):(?<port>\d{4,5})\/login$/
// SHA-256 in base64url: RFC 7636, section 4.2.
const S256_CHALLENGE = /^[\w-]{43}$/

/** Whether a code may be sent there: the CLI's own listener, on a port of the announced range (protocol.md L-1). */
function isOwnListener(redirectUri: string, [first, last]: LoginService['ports']): boolean {
  const port = Number(REDIRECT_URI.exec(redirectUri)?.groups?.port ?? Number.NaN)
  return port >= first && port <= last
}

/**
 * Reads the parameters of an authorisation request. Until client and address are known to be right nothing is sent anywhere:
 * that would make us an open redirect. Source: RFC 6749, section 4.1.2.1; RFC 7636, section 4.4.1
 *
 * @throws {RegistryError} BAD_REQUEST for another client, another address, or a request without state.
 */
export function readAuthorizationRequest(parameters: RequestParameters): AuthorizationRequest {
  const { redirect_uri: redirectUri = '', state = '', code_challenge: codeChallenge = '' } = parameters
  if (parameters.client_id !== TERRAFORM_LOGIN.client) throw notOurs('it comes from an unknown client')
  if (!isOwnListener(redirectUri, TERRAFORM_LOGIN.ports)) throw notOurs('it leads to an address that is not the one of Terraform')
  if (state === '') throw notOurs('it has no state')
  return { redirectUri, state, codeChallenge, problem: findProblem(parameters) }
}

function findProblem(parameters: RequestParameters): string | undefined {
  if (parameters.response_type !== 'code') return 'This registry answers login requests of response_type=code only'
  if (parameters.code_challenge_method !== 'S256') return 'This registry answers login requests with a code_challenge of S256 only'
  return S256_CHALLENGE.test(parameters.code_challenge ?? '') ? undefined : 'The code_challenge of the login request is not valid'
}

function notOurs(state: string): RegistryError {
  return new RegistryError('BAD_REQUEST', `Cannot use the login link: ${state}`, {
    hint: 'Run "terraform login" again and open the address that it prints',
  })
}

/** Where the browser goes with the answer: the CLI's listener, with the code and the state as it was sent. */
export function answerAddress({ redirectUri, state }: AuthorizationRequest, code: string): string {
  return `${redirectUri}?${new URLSearchParams({ code, state })}`
}

/** Path of the page that asks, for coming back to it. */
export function requestPath(parameters: RequestParameters): string {
  const present = REQUEST_PARAMETERS.flatMap((name) => (parameters[name] === undefined ? [] : [[name, parameters[name]]]))
  return `${TERRAFORM_LOGIN.authz}?${new URLSearchParams(present)}`
}
