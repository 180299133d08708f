import { resolve } from 'node:path'
import { CliError } from '../../cli-error.ts'
import type { RunCommand } from '../../command-table/command-definition.ts'
import type { CommonOptions } from '../../command-table/common-options.ts'
import { withApi } from '../../connection/open-api.ts'
import { type ConfigurationLock, describeChanges, describeMissing } from '../../lock-file/describe-lock.ts'
import { type ConfigurationFolder, LOCK_FILE, readConfigurationFolder } from '../../lock-file/read-configuration-folder.ts'
import { writeLockFile } from '../../lock-file/write-lock-file.ts'
import { countOf } from '../../output/format-amounts.ts'
import type { Output } from '../../output/output.ts'
import { printable } from '../../output/printable.ts'

interface LockOptions extends CommonOptions {
  readonly platform?: readonly string[]
  readonly tofu?: boolean
  readonly upgrade?: boolean
  readonly write?: boolean
}

/** `terrace provider lock [DIR]`: the lock file goes to standard output, or into its place. */
export const lockProviders: RunCommand<LockOptions> = async (context, { arguments: [name = '.'], options }) => {
  const { output } = context
  const folder = resolve(context.io.cwd, name)
  const configuration = await readConfigurationFolder(folder, name)
  const lock = await withApi(context, (api) =>
    api.call('post', '/api/v1/lock', { action: `lock the providers of "${name}"`, body: requestOf(configuration, options) }),
  )
  refuseMissing(lock, options.platform)
  const changed = lock.lock_file !== configuration.lockFile
  const written = options.write === true && changed
  if (written) await writeLockFile(folder, lock.lock_file)
  if (output.settings.form === 'json') output.json({ ...lock, changed, written })
  else if (options.write !== true) output.data(lock.lock_file.replace(/\n$/, ''))
  tell(output, lock, configuration)
  if (options.write === true) output.message(changed ? `${LOCK_FILE} is written` : `${LOCK_FILE} needs no change`)
  else if (changed) output.message('Nothing is written; add --write to put it in its place')
}

function requestOf({ files, lockFile }: ConfigurationFolder, { platform, tofu, upgrade }: LockOptions) {
  return {
    files: files.map((file) => ({ ...file })),
    ...(lockFile !== undefined && { lock_file: lockFile }),
    ...(platform !== undefined && { platforms: [...platform] }),
    ...(tofu === true && { program: 'tofu' as const }),
    ...(upgrade === true && { upgrade }),
  }
}

/** Whoever names a platform needs it; without a name the file has what there is. */
function refuseMissing(lock: ConfigurationLock, platforms: readonly string[] | undefined): void {
  const missing = describeMissing(lock)
  if (platforms === undefined || missing.length === 0) return
  throw new CliError(`Cannot lock for ${platforms.map((platform) => `"${printable(platform)}"`).join(', ')}: hashes are missing`, {
    facts: missing.map((line) => `  ${printable(line)}`),
    hint: 'Load the packages with: terrace mirror load FILE --wait, or leave the platform out',
  })
}

function tell(output: Output, lock: ConfigurationLock, { hasInstalledModules }: ConfigurationFolder): void {
  for (const line of describeChanges(lock)) output.message(printable(line))
  for (const line of describeMissing(lock)) output.warning(printable(line))
  const { length } = lock.module_calls
  if (length === 0 || hasInstalledModules) return
  output.warning(`${countOf(length, 'module')} called but not installed, so providers of theirs may be missing. Run: terraform get`)
}
