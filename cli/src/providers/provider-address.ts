import { usageError } from '../cli-error.ts'

/** Host name under which the API keeps what is published here. */
export const SELF_HOSTNAME = '_self'

/** A provider as it is named on the command line. Whether the parts are valid is for the server to say. */
export interface NamedProvider {
  /** As the API keeps it; `undefined` when none was named. */
  readonly hostname: string | undefined
  readonly namespace: string
  readonly type: string
  readonly version: string | undefined
}

/**
 * Reads `[HOSTNAME/]NAMESPACE/TYPE[@VERSION]`. The server's own host name means what is published there.
 * @throws {CliError} exit code 2
 */
export function readProviderName(text: string, serverUrl: string): NamedProvider {
  const [address = '', version, ...more] = text.split('@')
  const parts = address.toLowerCase().split('/')
  const [type = '', namespace = '', hostname] = parts.toReversed()
  if (parts.length > 3 || more.length > 0 || parts.includes('') || version === '' || namespace === '') {
    throw usageError(
      `Cannot read provider "${text}": it is not of the form NAMESPACE/TYPE or HOSTNAME/NAMESPACE/TYPE`,
      'A version follows behind @, as in acme/widget@1.2.0',
    )
  }
  return {
    hostname: hostname === undefined ? undefined : originOf(hostname, serverUrl),
    namespace,
    type,
    version: version?.replace(/^v(?=\d)/, ''),
  }
}

function originOf(hostname: string, serverUrl: string): string {
  const host = URL.parse(`https://${hostname}`)?.host ?? hostname
  return hostname === SELF_HOSTNAME || host === new URL(serverUrl).host ? SELF_HOSTNAME : host
}

/** The address that a Terraform configuration uses. */
export function sourceAddress(
  { hostname, namespace, type }: { hostname: string; namespace: string; type: string },
  serverUrl: string,
): string {
  return `${hostname === SELF_HOSTNAME ? new URL(serverUrl).host : hostname}/${namespace}/${type}`
}
