import { AddressError, DEFAULT_HOSTNAME, formatProviderAddress, parseProviderAddress } from '@terrace/protocol/addresses.ts'
import { expressionText, literalText } from './expression-text.ts'
import { blocksOf, type FolderConfiguration } from './merge-configuration.ts'
import type { RequiredProvider } from './module-analysis.ts'
import { type Body, isBody } from './parse-configuration.ts'

interface Requirement {
  readonly source: string
  readonly versions: readonly string[]
  readonly aliases: readonly string[]
}

const NONE: Requirement = { source: '', versions: [], aliases: [] }

/** What `terraform_data` and the like belong to; it is part of the program. */
const BUILT_IN = 'terraform'

/**
 * Providers that a folder declares, configures or uses the resources of. Which ones it only uses is told as Terraform tells it:
 * by the `provider` argument, or else by the resource type up to its first `_`.
 * @param defaultHostname host of sources that name none.
 */
export function readProviders(configuration: FolderConfiguration, defaultHostname: string = DEFAULT_HOSTNAME): RequiredProvider[] {
  const requirements = new Map<string, Requirement>()
  for (const { body, override } of configuration.settings) addDeclared(requirements, body, override)
  for (const { labels, body } of configuration.providers) {
    const [name = ''] = labels
    const { versions, ...others } = requirements.get(name) ?? NONE
    const version = literalText(body.version)
    requirements.set(name, { ...others, versions: version === '' ? versions : [...versions, version] })
  }
  for (const name of usedNames(configuration)) {
    if (name !== BUILT_IN && !requirements.has(name)) requirements.set(name, NONE)
  }
  return [...requirements].map(([name, requirement]) => presentRequirement(name, requirement, defaultHostname))
}

/** Constraints on Terraform itself; undefined when there are none. */
export function readRequiredVersion({ settings }: FolderConfiguration): string | undefined {
  const stated = settings.filter(({ body }) => literalText(body.required_version) !== '')
  const overrides = stated.filter(({ override }) => override)
  const versions = (overrides.length > 0 ? overrides.slice(-1) : stated).map(({ body }) => literalText(body.required_version))
  return versions.length === 0 ? undefined : versions.join(', ')
}

function addDeclared(requirements: Map<string, Requirement>, settings: Body, override: boolean): void {
  for (const { body } of blocksOf(settings.required_providers, 0)) {
    for (const [name, value] of Object.entries(body).filter(([key]) => key !== '//')) {
      const known = override ? NONE : (requirements.get(name) ?? NONE)
      const { source, versions, aliases } = readRequirement(value)
      requirements.set(name, {
        source: source === '' ? known.source : source,
        versions: [...known.versions, ...versions],
        aliases: [...known.aliases, ...aliases],
      })
    }
  }
}

/** An object, or only a version as before Terraform 0.13. */
function readRequirement(value: unknown): Requirement {
  if (!isBody(value)) return { ...NONE, versions: [literalText(value)].filter((text) => text !== '') }
  const { source, version, configuration_aliases: aliases } = value
  return {
    source: literalText(source),
    versions: [literalText(version)].filter((text) => text !== ''),
    aliases: Array.isArray(aliases) ? aliases.map(expressionText) : [],
  }
}

function usedNames({ named }: FolderConfiguration): string[] {
  const blocks = [...named.resource.values(), ...named.data.values(), ...named.ephemeral.values()]
  return blocks.map(({ labels: [type = ''], body }) => {
    const [configured = ''] = expressionText(body.provider).split('.')
    return configured === '' ? (type.split('_', 1)[0] ?? type) : configured
  })
}

function presentRequirement(name: string, { source, versions, aliases }: Requirement, defaultHostname: string): RequiredProvider {
  const address = fullAddress(source === '' ? name : source, defaultHostname)
  return { name, source: address, version: versions.join(', '), configuration_aliases: [...aliases] }
}

/** A source that is no address is shown as it is: Terraform refuses it, and the reader shall see why. */
function fullAddress(source: string, defaultHostname: string): string {
  try {
    const named = source.includes('/') ? source : `hashicorp/${source}`
    return formatProviderAddress(parseProviderAddress(named, { defaultHostname }))
  } catch (error) {
    if (error instanceof AddressError) return source
    throw error
  }
}
