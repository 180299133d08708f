import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { UnixMs } from '../../base/clock.ts'
import { RegistryError } from '../../base/errors.ts'
import type { Outbound } from '../../base/outbound/outbound.ts'
import { readDocument } from './read-document.ts'
import { requireProviderPath, requireVersion } from './upstream-paths.ts'

/** What some registries tell beyond the protocol. Nothing of it is needed to install a provider. */
export interface RegistryExtras {
  /** When a version was published, as the upstream says; `undefined` when it does not say. */
  findPublishedAt(address: ProviderAddress, version: string): Promise<UnixMs | undefined>
  /**
   * Types of the providers in a namespace, each once.
   * @throws {RegistryError} UPSTREAM_REFUSED when the upstream offers no such list.
   */
  listNamespace(hostname: string, namespace: string): Promise<string[]>
}

interface ExtrasOptions {
  readonly outbound: Outbound
  /** Address of the provider registry of a host, with a slash at the end. */
  readonly findProvidersUrl: (hostname: string) => Promise<URL>
  /** Certificates that are trusted for a host. */
  readonly trust: (host: { readonly hostname: string }) => { readonly caFile?: string }
}

const VersionDocument = Type.Object({ published_at: Type.Optional(Type.String({ maxLength: 100 })) })
const NamespaceDocument = Type.Object({
  meta: Type.Optional(Type.Object({ next_offset: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])) })),
  providers: Type.Array(Type.Object({ namespace: Type.String(), name: Type.String() })),
})
const versionDocument = Compile(VersionDocument)
const namespaceDocument = Compile(NamespaceDocument)

const MAX_BYTES = 4 * 1024 * 1024
const PAGE = 100
const MAX_PAGES = 50

/** Source: https://developer.hashicorp.com/terraform/registry/api-docs, as registry.terraform.io answers it. */
export function createRegistryExtras({ outbound, findProvidersUrl, trust }: ExtrasOptions): RegistryExtras {
  const read = async (hostname: string, path: string) =>
    outbound.getBytes(new URL(path, await findProvidersUrl(hostname)), {
      ...trust({ hostname }),
      maxBytes: MAX_BYTES,
      accept: 'application/json',
    })
  const readPage = async (hostname: string, namespace: string, offset: number): Promise<Static<typeof NamespaceDocument>> => {
    const received = await read(hostname, `${namespace}?limit=${PAGE}&offset=${offset}`).catch((error: unknown) => {
      throw explainMissingList(error, hostname)
    })
    return readDocument(received, namespaceDocument)
  }
  return {
    async findPublishedAt(address, version) {
      try {
        const received = await read(address.hostname, `${requireProviderPath(address)}/${requireVersion(version)}`)
        return readTime(readDocument(received, versionDocument).published_at)
      } catch (error) {
        // No answer of this kind is an answer: the protocol does not ask for one.
        if (error instanceof RegistryError && error.code === 'UPSTREAM_REFUSED') return undefined
        throw error
      }
    },
    async listNamespace(hostname, namespace) {
      const types = new Set<string>()
      let offset = 0
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const { meta, providers } = await readPage(hostname, namespace, offset)
        for (const type of listTypes(providers, { hostname, namespace })) types.add(type)
        const next = meta?.next_offset ?? undefined
        if (next === undefined || next <= offset) break
        offset = next
      }
      return [...types].sort()
    },
  }
}

function readTime(text: string | undefined): UnixMs | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(time) ? undefined : time
}

/** Entries of another namespace, and names that are none, are passed over. */
function listTypes(
  providers: Static<typeof NamespaceDocument>['providers'],
  { hostname, namespace }: { readonly hostname: string; readonly namespace: string },
): string[] {
  return providers.flatMap(({ namespace: of, name }) => {
    const type = name.toLowerCase()
    return of.toLowerCase() === namespace && isPath({ hostname, namespace, type }) ? [type] : []
  })
}

function isPath(address: ProviderAddress): boolean {
  try {
    requireProviderPath(address)
    return true
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}

function explainMissingList(error: unknown, hostname: string): unknown {
  if (!(error instanceof RegistryError) || error.code !== 'UPSTREAM_REFUSED') return error
  return new RegistryError(
    'UPSTREAM_REFUSED',
    `Cannot list the providers of a namespace at "${hostname}": the upstream offers no such list`,
    {
      hint: 'Name the providers of the mirror one by one: NAMESPACE/TYPE',
      cause: error,
    },
  )
}
