import type { AnswerOf } from '@terrace/api-client/operations.ts'
import { formatModuleAddress } from '@terrace/protocol/module-addresses.ts'
import { CliError, usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'
import { readModuleName, readVersion } from '../../modules/module-name.ts'
import { countOf } from '../../output/format-amounts.ts'
import { type Column, showList } from '../../output/show-list.ts'

interface DiffOptions extends CommonOptions {
  readonly exitCode?: boolean
}

type Diff = AnswerOf<'get', '/api/v1/modules/{namespace}/{name}/{system}/diff'>
type Change = Diff['inputs']['added'][number]

/** A difference, with where it is. */
interface Line extends Change {
  readonly sign: '+' | '-' | '~'
  readonly kind: string
  /** Path of the submodule; empty for the root. */
  readonly part: string
}

const SECTIONS = { inputs: 'input', outputs: 'output', providers: 'provider', resources: 'resource', module_calls: 'module call' } as const
const SIGNS = { added: '+', removed: '-', changed: '~' } as const

const COLUMNS: readonly Column<Line>[] = [
  { title: '', text: ({ sign }) => sign },
  { title: 'breaking', text: ({ breaking }) => (breaking ? 'BREAKING' : '') },
  { title: 'what', text: ({ kind }) => kind },
  { title: 'name', text: ({ part, name }) => (part === '' ? name : `${part}: ${name}`) },
  { title: 'from', text: ({ from }) => from ?? '' },
  { title: 'to', text: ({ to }) => to ?? '' },
  { title: 'why', text: ({ why }) => why },
]

/** `terrace module diff ADDRESS FROM TO`: what breaks callers comes first. */
export const diffModule: RunCommand<DiffOptions> = (context, { arguments: [text = '', first = '', second = ''], options }) =>
  withApi(context, async (api) => {
    const { output } = context
    const { address, version } = readModuleName(text, undefined, api.url)
    if (version !== undefined) throw usageError(`Cannot compare "${text}": a version is named three times`)
    const query = { from: readVersion(first), to: readVersion(second) }
    const action = `compare "${formatModuleAddress(address)}" ${query.from} with ${query.to}`
    const diff = await api.call('get', '/api/v1/modules/{namespace}/{name}/{system}/diff', { action, params: address, query })
    const rows = linesOf(diff).sort((a, b) => Number(b.breaking) - Number(a.breaking))
    const name = `${formatModuleAddress(address)} ${query.to}`
    const empty = `For callers nothing changes from ${query.from} to ${query.to}`
    showList(output, { rows, columns: COLUMNS, document: { ...address, ...query, ...diff }, empty })
    const breaking = rows.filter((row) => row.breaking).length
    if (rows.length > 0) output.message(`${countOf(rows.length, 'change')}, ${breaking === 0 ? 'none' : breaking} of them breaking`)
    if (diff.breaking && options.exitCode === true) throw new CliError(`"${name}" breaks callers of ${query.from}`)
  })

function linesOf({ submodules, ...root }: Diff): Line[] {
  return [
    ...partLines('', root),
    ...signedLines(submodules, { kind: 'submodule', part: '' }).filter(({ sign }) => sign !== '~'),
    ...submodules.changed.flatMap(({ name, diff }) => partLines(name, diff)),
  ]
}

function partLines(part: string, sections: Pick<Diff, keyof typeof SECTIONS>): Line[] {
  return Object.entries(SECTIONS).flatMap(([section, kind]) => signedLines(sections[section as keyof typeof SECTIONS], { kind, part }))
}

function signedLines(
  changes: Readonly<Record<keyof typeof SIGNS, readonly Change[]>>,
  place: { readonly kind: string; readonly part: string },
): Line[] {
  return Object.entries(SIGNS).flatMap(([how, sign]) =>
    changes[how as keyof typeof SIGNS].map((change) => ({
      ...change,
      ...place,
      sign,
      kind: [place.kind, change.aspect].filter(Boolean).join(' '),
    })),
  )
}
