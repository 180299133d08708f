import { formatProviderAddress, type ProviderAddress } from '@terrace/protocol/addresses.ts'
import { requireMirror, selectHeld, settingsOf } from '../../mirror-configurations/index.ts'
import { listServedVersions } from '../../providers/index.ts'
import { listProviderTypes } from '../bundle-queries.ts'
import type { BundlesDeps } from '../bundles-deps.ts'
import type { Asker, MissingItem, Selection, WantedProvider } from './wanted.ts'

/**
 * What a mirror shall hold, of what is held: the same versions and platforms that a run of it would choose, if the upstream offered no
 * others.
 * @param platforms narrow those of the mirror.
 * @throws {RegistryError} MIRROR_NOT_FOUND, SCOPE_MISSING
 */
export async function selectByMirror(
  deps: BundlesDeps,
  { actor }: Asker,
  { mirror, platforms }: { readonly mirror: string; readonly platforms: readonly string[] },
): Promise<Selection> {
  const row = await requireMirror(deps.database.db, { idOrName: mirror, actor, scope: 'mirrors:manage', intent: 'bundle' })
  const settings = settingsOf(row)
  const { hostname, namespaces } = settings
  const named = settings.providers.map((text) => readName(hostname, text))
  const inNamespaces = await listProviderTypes(deps.database.db, { hostname, namespaces })
  const addresses = new Map([...named, ...inNamespaces].map((address) => [formatProviderAddress(address), address]))
  const providers: WantedProvider[] = []
  const missing: MissingItem[] = []
  for (const address of addresses.values()) {
    const { found } = await deps.catalog.find(address)
    const chosen = selectHeld(settings, found === undefined ? [] : listServedVersions(found))
    providers.push(
      ...chosen.flatMap((candidate) => {
        const narrowed = platforms.length === 0 ? candidate.platforms : candidate.platforms.filter((name) => platforms.includes(name))
        return narrowed.length === 0 ? [] : [{ address, version: candidate.version, platforms: narrowed }]
      }),
    )
    if (chosen.length === 0) missing.push(nothingHeld(address, row.name))
  }
  return { providers, modules: [], missing }
}

function readName(hostname: string, text: string): ProviderAddress {
  const [namespace = '', type = ''] = text.split('/')
  return { hostname, namespace, type }
}

function nothingHeld(address: ProviderAddress, mirror: string): MissingItem {
  return {
    object: formatProviderAddress(address),
    state: 'no version that fits the mirror is held',
    hint: `Run it first: terrace mirror sync ${mirror} --wait`,
  }
}
