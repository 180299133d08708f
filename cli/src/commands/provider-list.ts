import type { RunCommand } from '../command-table/command-definition.ts'
import type { CommonOptions } from '../command-table/common-options.ts'
import { readLimit } from '../connection/list-rows.ts'
import { withApi } from '../connection/open-api.ts'
import { formatBytes } from '../output/format-amounts.ts'
import { type Column, showList } from '../output/show-list.ts'
import { type HeldPackage, listHeldPackages, type PackageFilter } from '../providers/held-packages.ts'
import { readProviderName, sourceAddress } from '../providers/provider-address.ts'

interface ListOptions extends CommonOptions {
  readonly namespace?: string
  readonly search?: string
  readonly limit?: string
}

/** `terrace provider list [ADDRESS]`: a line per version for people, per package for scripts. */
export const listProviders: RunCommand<ListOptions> = async (context, { arguments: [address], options }) => {
  const limit = readLimit(options.limit)
  await withApi(context, async (api) => {
    const { output } = context
    const { rows, total } = await listHeldPackages(api, filterOf(address, options, api.url), limit)
    const document = { items: rows, total }
    const empty = 'Nothing is held. Load providers with: terrace mirror load FILE --wait'
    if (output.settings.form === 'plain') showList(output, { rows, columns: packageColumns(api.url), document, empty })
    else showList(output, { rows: groupByVersion(rows), columns: versionColumns(api.url), document, empty })
    if (rows.length < total) output.message(`${rows.length} of ${total} packages; see all with --limit all`)
  })
}

function filterOf(address: string | undefined, { namespace, search }: ListOptions, serverUrl: string): PackageFilter {
  const named = address === undefined ? {} : readProviderName(address, serverUrl)
  const filter = { namespace, q: search, ...named }
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
}

function packageColumns(serverUrl: string): Column<HeldPackage>[] {
  return [
    { title: 'provider', text: (row) => sourceAddress(row, serverUrl) },
    { title: 'version', text: ({ version }) => version },
    { title: 'platform', text: platformOf },
    { title: 'bytes', text: ({ size }) => String(size) },
    { title: 'origin', text: ({ origin }) => origin },
    { title: 'signed by', text: signerOf },
    { title: 'state', text: (row) => describeState([row]) },
    { title: 'zh', text: ({ zh }) => zh },
  ]
}

type VersionGroup = readonly [HeldPackage, ...HeldPackage[]]

function versionColumns(serverUrl: string): Column<VersionGroup>[] {
  return [
    { title: 'provider', text: ([first]) => sourceAddress(first, serverUrl) },
    { title: 'version', text: ([first]) => first.version },
    { title: 'origin', text: ([first]) => first.origin },
    { title: 'signed by', text: ([first]) => signerOf(first) },
    { title: 'size', text: (group) => formatBytes(group.reduce((sum, { size }) => sum + size, 0)) },
    { title: 'state', text: describeState },
    { title: 'platforms', text: (group) => group.map(platformOf).sort().join(', ') },
  ]
}

/** Where this registry only signed what it holds, nobody has signed it. */
function signerOf({ provenance, signed_by }: HeldPackage): string {
  return provenance === 'unsigned' ? 'nobody (unsigned)' : signed_by
}

function platformOf({ os, arch }: HeldPackage): string {
  return `${os}_${arch}`
}

function groupByVersion(rows: readonly HeldPackage[]): VersionGroup[] {
  return [...Map.groupBy(rows, ({ version_id }) => version_id).values()] as unknown as VersionGroup[]
}

/** What is unusual about packages of one version; the platforms are named when it is not true of all of them. */
function describeState(rows: readonly HeldPackage[]): string {
  const states = (['deprecated', 'blocked', 'damaged'] as const).flatMap((state) => {
    const affected = rows.filter((row) => row[state])
    if (affected.length === 0) return []
    return [affected.length === rows.length ? state : `${state}: ${affected.map(platformOf).join(' ')}`]
  })
  return states.join(', ') || 'ok'
}
