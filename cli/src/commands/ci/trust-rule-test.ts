import type { AnswerOf } from '@terrace/api-client/operations.ts'
import { CliError, usageError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import { withApi } from '../../connection/open-api.ts'
import { printable } from '../../output/printable.ts'
import { type Column, showList } from '../../output/show-list.ts'
import { type IdentityOptions, readIdentityToken } from './identity-token.ts'
import { readClaims } from './read-claims.ts'

interface TestOptions extends IdentityOptions {
  readonly claim?: readonly string[]
  readonly organization?: string
}

type Tested = AnswerOf<'post', '/api/v1/trust-rules/test'>
type Row = Tested['rules'][number]['checks'][number] & { readonly rule: string }

const COLUMNS: readonly Column<Row>[] = [
  { title: 'rule', text: ({ rule }) => rule },
  { title: 'claim', text: ({ claim }) => claim },
  { title: 'fits', text: ({ matched }) => (matched ? 'yes' : 'no') },
  { title: 'rule says', text: ({ expected }) => expected },
  { title: 'token says', text: ({ found }) => found ?? '(nothing)' },
]

/** `terrace trust-rule test` */
export const testTrustRules: RunCommand<TestOptions> = async (context, { options }) => {
  const { claim, organization } = options
  const token = await readIdentityToken(context, options)
  if ((token === undefined) === (claim === undefined)) {
    throw usageError('Cannot test trust rules: give either an identity token or claims', 'Use --identity-token-file, or --claim NAME=VALUE')
  }
  const proof = token === undefined ? { claims: readClaims(claim ?? []) } : { token }
  await withApi(context, async (api) => {
    const body = { ...proof, ...(organization !== undefined && { organization }) }
    const tested = await api.call('post', '/api/v1/trust-rules/test', { action: 'test trust rules', body })
    showList(context.output, { rows: rowsOf(tested), columns: COLUMNS, document: { ...tested }, empty: 'There is no trust rule' })
    if (tested.problem !== null) throw new CliError(`Cannot give a key to such a pipeline: ${printable(tested.problem)}`)
    context.output.message(`A pipeline would get a key from rule "${nameOf(tested)}"`)
  })
}

function rowsOf({ rules }: Tested): Row[] {
  return rules.flatMap(({ name, enabled, organization, checks }) => {
    const rule = `${organization}/${name}${enabled ? '' : ' (disabled)'}`
    return checks.map((check) => ({ ...check, rule }))
  })
}

function nameOf({ rules, matched_rule }: Tested): string {
  return printable(rules.find(({ id }) => id === matched_rule)?.name ?? '')
}
