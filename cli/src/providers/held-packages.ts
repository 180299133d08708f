import type { QueryOf, RowOf } from '@terrace/api-client/operations.ts'
import { CliError, EXIT, usageError } from '../cli-error.ts'
import type { Api } from '../connection/api.ts'
import { type ListedRows, listRows } from '../connection/list-rows.ts'
import { readProviderName, sourceAddress } from './provider-address.ts'

/** One platform of a held version. */
export type HeldPackage = RowOf<'/api/v1/admin/providers'>
export type PackageFilter = Omit<QueryOf<'get', '/api/v1/admin/providers'>, 'limit' | 'offset'>

/** Held packages that match, newest first. */
export function listHeldPackages(api: Api, filter: PackageFilter, limit: number): Promise<ListedRows<HeldPackage>> {
  return listRows(limit, (page) => api.call('get', '/api/v1/admin/providers', { action: 'list providers', query: { ...filter, ...page } }))
}

/** A version of a provider, or one platform of it, that a command is about. */
export interface ChosenVersion {
  /** What the API changes: the version, or the one platform. */
  readonly id: string
  /** `registry.example.com/acme/widget@1.2.0`, with the platform behind it if one was chosen. */
  readonly name: string
  readonly packages: readonly HeldPackage[]
}

/**
 * Finds the one version that `[HOSTNAME/]NAMESPACE/TYPE@VERSION` means.
 * @throws {CliError} exit code 2 when it is no such text or several origins have it, 3 when nothing is held.
 */
export async function chooseVersion(api: Api, text: string, platform: string | undefined): Promise<ChosenVersion> {
  const { hostname, namespace, type, version } = readProviderName(text, api.url)
  if (version === undefined) throw usageError(`Cannot choose a version of "${text}": none is named`, `Write it behind @: ${text}@1.2.0`)
  const filter = { namespace, type, version, ...(hostname !== undefined && { hostname }) }
  const { rows } = await listHeldPackages(api, filter, Number.POSITIVE_INFINITY)
  const [first] = rows
  if (first === undefined) throw notHeld(text, `${namespace}/${type}`)
  const addresses = [...new Set(rows.map((row) => sourceAddress(row, api.url)))]
  if (addresses.length > 1) {
    throw usageError(
      `Cannot choose "${text}": several origins have it`,
      `Name one: ${addresses.map((address) => `${address}@${version}`).join(', ')}`,
    )
  }
  const name = `${sourceAddress(first, api.url)}@${first.version}`
  if (platform === undefined) return { id: first.version_id, name, packages: rows }
  const one = rows.find(({ os, arch }) => `${os}_${arch}` === platform)
  if (one === undefined) throw notHeld(`${text} ${platform}`, `${namespace}/${type}@${version}`)
  return { id: one.id, name: `${name} ${platform}`, packages: [one] }
}

function notHeld(what: string, list: string): CliError {
  return new CliError(`Cannot find "${what}": this server does not hold it`, {
    exitCode: EXIT.notFound,
    hint: `What it holds is shown by: terrace provider list ${list}`,
  })
}
