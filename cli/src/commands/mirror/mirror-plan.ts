import type { AnswerOf } from '@terrace/api-client/operations.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import { withApi } from '../../connection/open-api.ts'
import { countOf, formatBytes } from '../../output/format-amounts.ts'
import type { Output } from '../../output/output.ts'
import { type Column, showList } from '../../output/show-list.ts'
import { readScope, type ScopeOptions } from './run-scope.ts'
import { tellLeftOut } from './tell-left-out.ts'

type Plan = AnswerOf<'post', '/api/v1/admin/mirrors/{id}/plan'>

const COLUMNS: readonly Column<Plan['versions'][number]>[] = [
  { title: 'provider', text: ({ provider }) => provider },
  { title: 'version', text: ({ version }) => version },
  { title: 'platforms', text: ({ packages }) => String(packages.length) },
  { title: 'bytes', text: ({ bytes }) => formatBytes(bytes) },
]

/** The upstream is asked for every package: that takes longer than other answers. */
const TIMEOUT_MS = 120_000

/** `terrace mirror plan MIRROR`: versions go to standard output, the rest is told. */
export const planMirror: RunCommand<ScopeOptions> = (context, { arguments: [id = ''], options }) =>
  withApi(context, async (api) => {
    const { output } = context
    const call = { action: `plan a run of mirror "${id}"`, params: { id }, body: { scope: readScope(options) }, timeoutMs: TIMEOUT_MS }
    const plan = await api.call('post', '/api/v1/admin/mirrors/{id}/plan', call)
    showList(output, { rows: plan.versions, columns: COLUMNS, document: { ...plan }, empty: 'A run would bring nothing' })
    tellSums(output, plan)
    tellLeftOut(output, plan.left_out)
    for (const { provider, version, why } of plan.blocked) output.message(`Kept out: ${provider} ${version}: ${why}`)
    for (const { message } of plan.problems) output.warning(message)
    tellSpace(output, plan)
  })

function tellSums(output: Output, { packages, measured, bytes, held }: Plan): void {
  const estimated = measured === packages ? '' : `, of which ${packages - measured} estimated`
  output.message(`${countOf(packages, 'package')}${estimated}, ${formatBytes(bytes)}; ${held} held already`)
}

function tellSpace(output: Output, { free_bytes, fits }: Plan): void {
  if (free_bytes === null) return
  const free = `${formatBytes(free_bytes)} are free in the storage`
  if (fits) output.message(free)
  else output.warning(`It does not fit: only ${free}`)
}
