import type { AnswerOf } from '@terrace/api-client/operations.ts'
import { formatTime } from '../../output/format-amounts.ts'
import type { Output } from '../../output/output.ts'

type NewKey = AnswerOf<'post', '/api/v1/apikeys'>

/** The secret alone goes to standard output, so that it can be kept in a file. */
export function showNewKey(output: Output, key: NewKey): void {
  if (output.settings.form === 'json') output.json(key)
  else output.data(key.key)
}

/** When a key ends, as half a sentence. */
export function describeEnd({ expires_at }: Pick<NewKey, 'expires_at'>): string {
  return expires_at === null ? 'it has no end' : `it ends on ${formatTime(expires_at)} UTC`
}
