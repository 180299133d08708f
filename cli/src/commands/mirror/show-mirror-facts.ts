import type { AnswerOf } from '@terrace/api-client/operations.ts'
import { formatTime } from '../../output/format-amounts.ts'

/** A mirror as the API answers it. */
export type Mirror = AnswerOf<'get', '/api/v1/admin/mirrors/{id}'>

/** The settings of a mirror, label and text. */
export function describeMirror(mirror: Mirror): (readonly [string, string])[] {
  const texts = (values: readonly string[], otherwise: string) => (values.length === 0 ? otherwise : values.join(', '))
  return [
    ['mirror', mirror.name],
    ['organization', mirror.organization],
    ['upstream', mirror.upstream],
    ['providers', texts(describeProviders(mirror), 'none')],
    ['versions', texts(mirror.versions, 'all')],
    ['platforms', texts(mirror.platforms, 'all')],
    ['keep newest', mirror.keep_newest === null ? 'all' : String(mirror.keep_newest)],
    ['cool-down', `${mirror.cool_down_days} days`],
    ['pre-releases', mirror.prereleases ? 'yes' : 'no'],
    ['runs every', `${mirror.interval_hours} hours`],
    ['next run', mirror.enabled ? formatTime(mirror.next_run_at) : 'paused'],
  ]
}

/** `NAMESPACE/*` for namespaces that are mirrored as a whole. */
export function describeProviders({ namespaces, providers }: Mirror): string[] {
  return [...namespaces.map((namespace) => `${namespace}/*`), ...providers]
}
