import { formatProviderAddress } from '@terrace/protocol/addresses.ts'
import { formatPlatform } from '@terrace/protocol/platforms.ts'
import { type DefinedProvider, parseDefinition } from '../../definitions/index.ts'
import { findLockable } from '../../lock-file/index.ts'
import type { BundlesDeps } from '../bundles-deps.ts'
import { heldVersions } from './select-held-versions.ts'
import { type Asker, LOAD_IT, type MissingItem, type Selection, type WantedProvider } from './wanted.ts'

/**
 * What a definition file asks for, of what is held: each exact version, and every held version that a constraint lets in.
 * @param platforms of blocks that name none.
 * @throws {RegistryError} INVALID_DEFINITION
 */
export async function selectByDefinition(
  deps: BundlesDeps,
  asker: Asker,
  { text, platforms }: { readonly text: string; readonly platforms: readonly string[] },
): Promise<Selection> {
  const { providers } = await parseDefinition(text, 'definition')
  const parts = await Promise.all(providers.map((provider) => selectProvider(deps, asker, { provider, platforms })))
  return { providers: parts.flatMap((part) => part.providers), modules: [], missing: parts.flatMap(({ missing }) => missing) }
}

async function selectProvider(
  deps: BundlesDeps,
  asker: Asker,
  { provider, platforms }: { readonly provider: DefinedProvider; readonly platforms: readonly string[] },
): Promise<Omit<Selection, 'modules'>> {
  const { address, versions } = provider
  const named = provider.platforms === 'all' ? platforms : provider.platforms.map(formatPlatform)
  const lockable = await findLockable(deps, address, { ...asker, wanted: undefined })
  const missing: MissingItem[] = []
  const chosen = new Map<string, WantedProvider>()
  for (const { text, constraints, exact } of versions) {
    const matching = exact === undefined ? heldVersions(lockable?.held, constraints) : [exact]
    for (const version of matching) chosen.set(version, { address, version, platforms: named })
    if (matching.length === 0) {
      missing.push({ object: formatProviderAddress(address), state: `no version that is held matches "${text}"`, hint: LOAD_IT })
    }
  }
  return { providers: [...chosen.values()], missing }
}
