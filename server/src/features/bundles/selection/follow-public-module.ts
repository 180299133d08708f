import { formatModuleAddress } from '@terrace/protocol/module-addresses.ts'
import { quote } from '@terrace/protocol/quote.ts'
import { RegistryError } from '../../../base/errors.ts'
import { type HeldModuleRow, moduleArchiveLink } from '../../module-pull-through/index.ts'
import { behind } from '../../providers/index.ts'
import type { BundlesDeps } from '../bundles-deps.ts'
import { findMatching } from './match-versions.ts'
import type { ModuleSource } from './module-source.ts'
import { readPublicModule } from './read-public-module.ts'
import type { Call, Walk } from './walk.ts'
import type { Asker, MissingItem } from './wanted.ts'

/** A call of a module of another registry. */
export interface PublicCall {
  readonly call: Call
  readonly source: Extract<ModuleSource, { readonly kind: 'registry' }>
  readonly hostname: string
  /** Host of sources in it that name none. */
  readonly defaultHostname: string
}

const PUBLISH_OR_CARRY = 'Publish it here, or carry it by other means'
const IMPORT_FIRST = 'Import a bundle that has it, or publish it here'
const FETCH_FIRST =
  'Have it fetched first: switch on features.auto_download_modules and run terraform init through this registry; or publish it here'

/**
 * Takes the version of a module of an upstream that `init` would choose, and what its folder needs. One that is offered and not held is
 * missing, with the link that brings it. Answers the calls in it.
 */
export async function followPublicModule(
  deps: BundlesDeps,
  asker: Asker,
  { walk, ...called }: PublicCall & { walk: Walk },
): Promise<Call[]> {
  const { call, source, hostname, defaultHostname } = called
  const module = { hostname, ...source.address }
  const object = `module ${hostname}/${formatModuleAddress(source.address)}`
  const { found } = await deps.heldModules.find(module)
  const versions = await listVersions(deps, module)
  if (found === undefined && versions instanceof RegistryError) {
    walk.miss(notHeld(deps, called, versions))
    return []
  }
  const known = versions instanceof RegistryError ? (found?.versions ?? []).map(({ version }) => version) : versions
  const version = findMatching(known, call.version)
  if (version === undefined) {
    walk.miss({ object, state: `no version matches ${quote(call.version)}`, hint: `Held and offered: ${shorten(known)}` })
    return []
  }
  const row = found?.byVersion.get(version)
  if (row === undefined) {
    const fetchUrl = behind(asker.base, moduleArchiveLink(deps, { module, version }))
    walk.miss({
      object: `${object} ${version}`,
      state: 'it is not held yet',
      hint: 'It comes from its upstream when its link is followed',
      fetchUrl,
    })
    return []
  }
  return takeHeld(deps, asker, { row, folder: source.folder, defaultHostname, walk })
}

/** What clients are told of its versions; the refusal when nothing can be told. */
async function listVersions(
  { modulesOnDemand }: BundlesDeps,
  module: Parameters<BundlesDeps['modulesOnDemand']['list']>[0],
): Promise<readonly string[] | RegistryError> {
  try {
    return (await modulesOnDemand.list(module)).versions
  } catch (error) {
    if (error instanceof RegistryError) return error
    throw error
  }
}

function notHeld({ config }: BundlesDeps, { call, hostname }: PublicCall, reason: RegistryError): MissingItem {
  const object = `module ${call.source}`
  const isAsked = config.mirror.upstreams.includes(hostname)
  if (!isAsked) return { object, state: 'this registry does not hold it', hint: PUBLISH_OR_CARRY }
  if (config.mirror.sealed) return { object, state: 'it is not held', hint: IMPORT_FIRST }
  if (!config.features.autoDownloadModules) return { object, state: 'it is not held', hint: FETCH_FIRST }
  return { object, state: reason.message.replace(/^Cannot .*?": /, ''), hint: reason.hint ?? PUBLISH_OR_CARRY }
}

const MAX_SHOWN = 5

function shorten(versions: readonly string[]): string {
  const shown = versions.slice(0, MAX_SHOWN).join(', ')
  return versions.length > MAX_SHOWN ? `${shown} and ${versions.length - MAX_SHOWN} more` : shown
}

interface HeldCall {
  readonly row: HeldModuleRow
  readonly folder: string
  readonly defaultHostname: string
  readonly walk: Walk
}

async function takeHeld(deps: BundlesDeps, { own }: Asker, { row, folder, defaultHostname, walk }: HeldCall): Promise<Call[]> {
  const name = formatModuleAddress(row)
  const key = `${row.hostname}/${name} ${row.version}`.toLowerCase()
  walk.modules.set(key, { hostname: row.hostname, name, version: row.version })
  if (!walk.enter(`${key} ${folder}`)) return []
  try {
    const needs = await readPublicModule(deps, row, { folder, own, defaultHostname })
    walk.requirements.push(...needs.requirements)
    return needs.calls
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error
    const hint = error.hint ?? 'What it needs is not known: bring that in by a lock file, or with --allow-missing'
    walk.miss({ object: `needs of module ${row.hostname}/${name} ${row.version}`, state: error.message, hint })
    return []
  }
}
