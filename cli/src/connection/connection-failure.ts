import { CliError, EXIT } from '../cli-error.ts'

const CERTIFICATE_CODES = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
])

const STATES: Readonly<Record<string, { readonly state: string; readonly hint?: string }>> = {
  ECONNREFUSED: { state: 'nothing listens there', hint: 'Start the server with: terrace serve, or name another one with --server' },
  ENOTFOUND: { state: 'there is no host of this name', hint: 'Check the address, and --server or TERRACE_SERVER' },
  EAI_AGAIN: { state: 'the name cannot be looked up now', hint: 'Check the network, then run the command again' },
  ECONNRESET: { state: 'the connection broke', hint: 'Run the command again' },
  EPIPE: { state: 'the connection broke', hint: 'Run the command again' },
  ETIMEDOUT: { state: 'no connection within the time limit', hint: 'Check the network, or raise --timeout' },
  EHOSTUNREACH: { state: 'the host cannot be reached', hint: 'Check the network' },
  ENETUNREACH: { state: 'the network cannot be reached', hint: 'Check the network' },
  CERT_HAS_EXPIRED: { state: 'its certificate has expired', hint: 'Ask the administrator of the server to renew it' },
  ERR_TLS_CERT_ALTNAME_INVALID: { state: 'its certificate is for another host name', hint: 'Use the address that the certificate names' },
}

/** A failure to get any answer, told as the failure of the action it was for; exit code 6. */
export function connectionFailure(action: string, url: string, error: NodeJS.ErrnoException): CliError {
  const { state, hint } = describeState(firstError(error), url)
  return new CliError(`Cannot ${action}: no answer from ${url}: ${state}`, { exitCode: EXIT.unavailable, hint, cause: error })
}

/** Node tries every address of a host and reports them together. */
function firstError(error: NodeJS.ErrnoException): NodeJS.ErrnoException {
  const [first] = error instanceof AggregateError ? (error.errors as NodeJS.ErrnoException[]) : []
  return first ?? error
}

function describeState({ code = '', message }: NodeJS.ErrnoException, url: string): { state: string; hint?: string } {
  const known = STATES[code]
  if (known !== undefined) return known
  if (CERTIFICATE_CODES.has(code)) {
    return {
      state: 'its certificate is not from an authority that is trusted here',
      hint: 'Name the certificate of that authority with --ca-file or TERRACE_CA_FILE',
    }
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return { state: 'it does not speak TLS', hint: `Write http:// in front if that is right: ${url.replace(/^https/, 'http')}` }
  }
  if (code.startsWith('HPE_')) return { state: 'it does not speak HTTP', hint: 'Check scheme and port of the address' }
  return { state: message }
}
