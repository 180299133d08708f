import type { AnswerOf } from '@terrace/api-client/operations.ts'

/** The server's answer to a configuration. */
export type ConfigurationLock = AnswerOf<'post', '/api/v1/lock'>

type LockedProvider = ConfigurationLock['providers'][number]
type MissingReason = LockedProvider['missing'][number]['why']

const REASONS: Readonly<Record<MissingReason, string>> = {
  not_released: 'there is no package for it',
  not_held: 'its package is not loaded',
  blocked: 'its package is blocked',
  damaged: 'its stored package is damaged',
}

/** A line per provider on what has become of it; `+` new, `~` changed, `=` as it was. */
export function describeChanges({ providers, kept }: ConfigurationLock): string[] {
  const others = kept.map(({ address, version, why }) =>
    why === 'not_held' ? `= ${address} ${version}, as it was: not held here` : `= ${address} ${version}, as it was: required by nothing`,
  )
  return [...providers.map(describeChange), ...others]
}

function describeChange({ address, version, previous_version: previous, added_hashes: added, hashes }: LockedProvider): string {
  if (previous === null) return `+ ${address} ${version}, ${countHashes(hashes.length)}`
  if (previous !== version) return `~ ${address} ${previous} to ${version}, ${countHashes(hashes.length)}`
  return added === 0 ? `= ${address} ${version}` : `~ ${address} ${version}, ${countHashes(added)} added`
}

/** A line per provider and reason on the platforms that have no `h1:`. */
export function describeMissing({ providers }: ConfigurationLock): string[] {
  return providers.flatMap(({ address, version, missing }) =>
    [...Map.groupBy(missing, ({ why }) => why)].map(
      ([why, platforms]) => `${address} ${version} has no h1: for ${platforms.map(({ platform }) => platform).join(', ')}: ${REASONS[why]}`,
    ),
  )
}

function countHashes(count: number): string {
  return `${count} ${count === 1 ? 'hash' : 'hashes'}`
}
