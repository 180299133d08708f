import type { AnswerOf } from '@terrace/api-client/operations.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import type { Api } from '../../connection/api.ts'
import { withApi } from '../../connection/open-api.ts'
import { type NamedModule, nameOf, readModuleName } from '../../modules/module-name.ts'
import { formatBytes, formatTime } from '../../output/format-amounts.ts'
import type { Output } from '../../output/output.ts'
import { printable } from '../../output/printable.ts'
import { alignColumns } from '../../output/show-list.ts'

const BASE = '/api/v1/modules/{namespace}/{name}/{system}'

type Detail = AnswerOf<'get', `${typeof BASE}/{version}`>
type Version = AnswerOf<'get', `${typeof BASE}/versions`>['items'][number]

/** A part of what is known of a module: lines of cells. */
interface Section {
  readonly title: string
  /** First cell of each line under `--plain`. */
  readonly word: string
  readonly rows: readonly (readonly string[])[]
}

/** `terrace module show ADDRESS [VERSION]` */
export const showModule: RunCommand<CommonOptions> = (context, { arguments: [text = '', version] }) =>
  withApi(context, async (api) => {
    const { output } = context
    const named = readModuleName(text, version, api.url)
    const versions = await readVersions(api, named)
    const detail = await readDetail(api, named, versions)
    if (output.settings.form === 'json') output.json({ ...(detail ?? named.address), versions })
    else writeSections(output, [...(detail === undefined ? [] : sectionsOf(detail)), versionSection(versions)])
    if (detail === undefined) output.message(`No version of ${nameOf(named)} is left: all are withdrawn`)
  })

async function readVersions(api: Api, named: NamedModule): Promise<readonly Version[]> {
  const call = { action: `show module "${nameOf(named)}"`, params: named.address }
  return (await api.call('get', `${BASE}/versions`, call)).items
}

/** `undefined` when the latest version is meant, and there is none. */
async function readDetail(api: Api, named: NamedModule, versions: readonly Version[]): Promise<Detail | undefined> {
  const { address, version } = named
  const action = `show module "${nameOf(named)}"`
  if (version !== undefined) return api.call('get', `${BASE}/{version}`, { action, params: { ...address, version } })
  if (!versions.some(({ state }) => state !== 'deleted')) return undefined
  return api.call('get', BASE, { action, params: address })
}

function sectionsOf({ module, version, analysis }: Detail): Section[] {
  const { inputs, outputs, required_providers, required_version } = analysis.root
  return [
    { title: '', word: 'fact', rows: factsOf(module, version) },
    {
      title: 'Inputs',
      word: 'input',
      rows: inputs.map((input) => [input.name, input.type, describeDefault(input), input.description]),
    },
    {
      title: 'Outputs',
      word: 'output',
      rows: outputs.map(({ name, sensitive, description }) => [name, sensitive ? 'sensitive' : '', description]),
    },
    {
      title: 'Providers',
      word: 'provider',
      rows: [
        ...(required_version === undefined ? [] : [['terraform', '', required_version]]),
        ...required_providers.map((provider) => [provider.name, provider.source, provider.version]),
      ],
    },
    { title: 'Submodules', word: 'submodule', rows: analysis.submodules.map(({ path }) => [path]) },
    { title: 'Not analysed', word: 'problem', rows: analysis.problems.map(({ path, message }) => [path, message]) },
  ]
}

function factsOf(module: Detail['module'], version: Detail['version']): [string, string][] {
  const { namespace, name, system, description, source } = module
  const facts: [string, string | null][] = [
    ['module', `${namespace}/${name}/${system}`],
    ['version', version.version],
    ['state', describeState(version)],
    ['module state', module.deprecated ? `deprecated${describeDeprecation(module)}` : ''],
    ['description', description],
    ['source', source],
    ['published', `${formatTime(version.published_at)} by ${version.published_by}`],
    ['archive', `${formatBytes(version.size)}, sha256:${version.sha256}`],
    ['downloads', String(version.downloads)],
  ]
  return facts.flatMap(([label, text]) => (text === null || text === '' ? [] : [[label, text]]))
}

function describeDefault({ required, sensitive, default: value }: Detail['analysis']['root']['inputs'][number]): string {
  const text = required ? 'required' : (value ?? 'null')
  return sensitive ? `${text}, sensitive` : text
}

function describeState({ state, deprecation_message, successor, deleted_reason }: Version): string {
  if (state === 'deleted') return deleted_reason === null ? 'withdrawn' : `withdrawn: ${deleted_reason}`
  return state === 'deprecated' ? `deprecated${describeDeprecation({ deprecation_message, successor })}` : state
}

function describeDeprecation({ deprecation_message, successor }: Pick<Version, 'deprecation_message' | 'successor'>): string {
  return [
    ...(deprecation_message === null || deprecation_message === '' ? [] : [`: ${deprecation_message}`]),
    ...(successor === null ? [] : [` (use ${successor})`]),
  ].join('')
}

function versionSection(versions: readonly Version[]): Section {
  return {
    title: 'Versions',
    word: 'version',
    rows: versions.map((one) => [one.version, describeState(one), formatTime(one.published_at), one.published_by]),
  }
}

function writeSections(output: Output, sections: readonly Section[]): void {
  const lines = sections
    .filter(({ rows }) => rows.length > 0)
    .map((section) => ({ ...section, rows: section.rows.map((row) => row.map(printable)) }))
    .flatMap((section, index) => (output.settings.form === 'plain' ? plainLines(section) : tableLines(output, section, index)))
  for (const line of lines) output.data(line)
}

function plainLines({ word, rows }: Section): string[] {
  return rows.map((row) => [word, ...row].join('\t'))
}

function tableLines(output: Output, { title, rows }: Section, index: number): string[] {
  return [...(index === 0 ? [] : ['']), ...(title === '' ? [] : [output.title(title.toUpperCase())]), ...alignColumns(rows)]
}
