import { RegistryError } from '../../../base/errors.ts'
import type { CanonicalModule } from '../../module-archives/index.ts'

/**
 * Refuses an archive that lacks the folder of its module.
 * @param name for the message. @throws {RegistryError} INVALID_MODULE_ARCHIVE
 */
export function requireFolder(
  { entries }: Pick<CanonicalModule, 'entries'>,
  { subdir, name }: { readonly subdir: string; readonly name: string },
): void {
  if (subdir === '' || entries.some(({ path }) => path.startsWith(`${subdir}/`))) return
  throw new RegistryError('INVALID_MODULE_ARCHIVE', `Cannot accept "${name}": it has no folder "${subdir}"`)
}
