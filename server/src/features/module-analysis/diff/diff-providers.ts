import type { ModulePart, RequiredProvider } from '../module-analysis.ts'
import { compareProviderConstraints, compareTerraformConstraints } from './compare-constraints.ts'
import { changeOf, diffSection, nameMap } from './diff-section.ts'
import type { DiffSection, ModuleChange } from './module-diff.ts'

const TERRAFORM = 'required_version'

/** Differences of the required providers, and of the constraint on Terraform. */
export function diffProviders(from: ModulePart, to: ModulePart): DiffSection {
  const section = diffSection(nameMap(from.required_providers), nameMap(to.required_providers), {
    show: ({ source, version }) => `${source} ${version}`.trim(),
    added: ({ configuration_aliases: aliases }) =>
      aliases.length === 0 ? { breaking: false, why: 'it is new' } : { breaking: true, why: `callers must pass ${aliases.join(', ')}` },
    changed: changesOfProvider,
  })
  return { ...section, changed: [...changesOfTerraform(from.required_version ?? '', to.required_version ?? ''), ...section.changed] }
}

function changesOfProvider(from: RequiredProvider, to: RequiredProvider): Omit<ModuleChange, 'name'>[] {
  const version = compareProviderConstraints(from.version, to.version)
  const newAliases = to.configuration_aliases.filter((alias) => !from.configuration_aliases.includes(alias))
  return [
    ...changeOf('source', { from: from.source, to: to.source }, { breaking: true, why: 'it is another provider' }),
    ...(version === undefined ? [] : changeOf('version', { from: from.version, to: to.version }, version)),
    ...changeOf(
      'configuration_aliases',
      { from: from.configuration_aliases.join(', '), to: to.configuration_aliases.join(', ') },
      {
        breaking: newAliases.length > 0,
        why: newAliases.length > 0 ? `callers must pass ${newAliases.join(', ')}` : 'fewer or the same configurations are passed',
      },
    ),
  ]
}

function changesOfTerraform(from: string, to: string): ModuleChange[] {
  const change = compareTerraformConstraints(from, to)
  return change === undefined ? [] : changeOf('version', { from, to }, change).map((item) => ({ name: TERRAFORM, ...item }))
}
