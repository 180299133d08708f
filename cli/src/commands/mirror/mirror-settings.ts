import type { BodyOf } from '@terrace/api-client/operations.ts'
import { usageError } from '../../cli-error.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'

/** Flags that set a mirror. */
export interface SettingsOptions extends CommonOptions {
  readonly provider?: readonly string[]
  readonly namespace?: readonly string[]
  readonly constraint?: readonly string[]
  readonly platform?: readonly string[]
  readonly keepNewest?: string
  readonly coolDown?: string
  readonly every?: string
  readonly prereleases?: boolean
}

type Settings = BodyOf<'patch', '/api/v1/admin/mirrors/{id}'>

/** The settings that flags name. @throws {CliError} exit code 2 for what is no number. */
export function readSettings(options: SettingsOptions): Settings {
  const { provider, namespace, constraint, platform, keepNewest, coolDown, every, prereleases } = options
  return {
    ...(provider !== undefined && { providers: [...provider] }),
    ...(namespace !== undefined && { namespaces: [...namespace] }),
    ...(constraint !== undefined && { versions: [...constraint] }),
    ...(platform !== undefined && { platforms: [...platform] }),
    ...(keepNewest !== undefined && { keep_newest: keepNewest === 'all' ? null : readCount('--keep-newest', keepNewest, 1) }),
    ...(coolDown !== undefined && { cool_down_days: readCount('--cool-down', coolDown, 0) }),
    ...(every !== undefined && { interval_hours: readCount('--every', every, 1) }),
    ...(prereleases !== undefined && { prereleases }),
  }
}

function readCount(flag: string, text: string, minimum: number): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= minimum) return count
  throw usageError(`Cannot use "${flag} ${text}": it is no whole number from ${minimum} on`)
}
