import { parseHostname } from '@terrace/protocol/addresses.ts'
import { type ModuleAddress, parseModuleAddress } from '@terrace/protocol/module-addresses.ts'

/** What the source of a module call means. */
export type ModuleSource =
  /** A folder beside the caller. */
  | { readonly kind: 'local'; readonly path: string }
  /** `hostname` is `undefined` for the public registry of the program. */
  | { readonly kind: 'registry'; readonly hostname: string | undefined; readonly address: ModuleAddress; readonly folder: string }
  /** Git, an archive and the like: nothing that a registry holds. */
  | { readonly kind: 'other' }

const HOSTNAME = /^(?:localhost|[^/]*[.:][^/]*)$/

/** A three-part name of a code host is a repository there. */
const CODE_HOST = /^(?:github\.com|bitbucket\.org)\//

/** Reads a source as the programs do. Source: protocol.md 2.1. */
export function readModuleSource(source: string): ModuleSource {
  if (/^\.\.?(?:\/|$)/.test(source)) return { kind: 'local', path: source }
  if (/::|:\/\/|\?/.test(source)) return { kind: 'other' }
  const [, name = '', folder = ''] = /^(.*?)(?:\/\/(.*))?$/.exec(source) ?? []
  return readRegistrySource(name, folder) ?? { kind: 'other' }
}

function readRegistrySource(name: string, folder: string): ModuleSource | undefined {
  const parts = name.split('/')
  const host = parts.length === 4 && HOSTNAME.test(parts[0] ?? '') ? parts.shift() : undefined
  const address = parts.length === 3 && !CODE_HOST.test(name) ? readAddress(parts.join('/')) : undefined
  if (address === undefined) return undefined
  if (host === undefined) return { kind: 'registry', hostname: undefined, address, folder }
  const hostname = readHost(host.replace(/:\d+$/, ''))
  return hostname === undefined ? undefined : { kind: 'registry', hostname, address, folder }
}

/** Lower case and Punycode, as hosts are kept. */
function readHost(text: string): string | undefined {
  try {
    return parseHostname(text)
  } catch {
    // Its only error says that the text is no host name.
    return undefined
  }
}

function readAddress(text: string): ModuleAddress | undefined {
  try {
    return parseModuleAddress(text)
  } catch {
    // Its only error says that the text is no address.
    return undefined
  }
}
