import type { AnswerOf } from '@terrace/api-client/operations.ts'
import { countOf } from '../../output/format-amounts.ts'
import type { Output } from '../../output/output.ts'
import { printable } from '../../output/printable.ts'

type LeftOut = AnswerOf<'post', '/api/v1/admin/mirrors/{id}/plan'>['left_out']

/** Tells what a run leaves and why, a line for each reason and some of its providers. */
export function tellLeftOut(output: Output, leftOut: LeftOut): void {
  for (const { reason, providers, versions, examples } of leftOut) {
    output.message(printable(`Left out (${reason}): ${countOf(versions, 'version')} of ${countOf(providers, 'provider')}`))
    for (const { provider, versions: names, why } of examples) {
      output.message(printable(`  ${[provider, names.join(', ')].join(' ').trimEnd()}: ${why}`))
    }
  }
}
