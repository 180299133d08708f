import type { AnswerOf } from '@terrace/api-client/operations.ts'
import { CliError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { timeoutMsOf, withApi } from '../../connection/open-api.ts'
import { countOf } from '../../output/format-amounts.ts'
import type { Output } from '../../output/output.ts'
import { printable } from '../../output/printable.ts'

type Verdict = AnswerOf<'get', '/api/v1/audit/verify'>

// The server says nothing before it has read everything.
const DEFAULT_TIMEOUT_MS = 10 * 60_000

/** `terrace audit verify` */
export const verifyAudit: RunCommand<CommonOptions> = (context, { options }) =>
  withApi(context, async (api) => {
    const timeoutMs = options.timeout === undefined ? DEFAULT_TIMEOUT_MS : timeoutMsOf(options.timeout)
    const verdict = await api.call('get', '/api/v1/audit/verify', { action: 'verify the audit', timeoutMs })
    writeVerdict(context.output, verdict)
    if (!verdict.ok) throw brokenChain(verdict)
  })

function writeVerdict(output: Output, { checked, ok, first_problem }: Verdict): void {
  const { form } = output.settings
  if (form === 'json') output.json({ checked, ok, ...(first_problem !== undefined && { first_problem }) })
  else if (form === 'plain') {
    const cells = ok ? ['ok', checked] : [first_problem?.kind, checked, first_problem?.sequence, first_problem?.id]
    output.data(cells.map((cell) => printable(String(cell ?? ''))).join('\t'))
  } else if (ok) output.message(`The audit is whole: ${countOf(checked, 'record')} checked`)
}

function brokenChain({ checked, first_problem }: Verdict): CliError {
  const { sequence, id, kind = 'unknown', detail = '' } = first_problem ?? {}
  const place = sequence === null || sequence === undefined ? 'a record without a number' : `record ${sequence}`
  const facts = [`  ${printable(detail)}`, ...(typeof id === 'string' ? [`  id: ${printable(id)}`] : []), `  checked: ${checked}`]
  return new CliError(`Cannot vouch for the audit: at ${place} something was ${printable(kind)}`, {
    facts,
    hint: 'Keep the database as it is, and compare it with an export or a backup from before',
  })
}
