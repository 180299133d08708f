import { canonicalVersion } from '@terrace/protocol/versions.ts'
import { RegistryError } from './errors.ts'

/**
 * The version that something is to be published as. `v1.2.3` is accepted and stored as `1.2.3`; build metadata is refused, because
 * clients take versions that differ in nothing else for equal (protocol.md B79).
 *
 * @throws {RegistryError} RULE_BROKEN
 */
export function readPublishedVersion(text: string): string {
  const version = canonicalVersion(text, { allowV: true })
  if (version === undefined) throw refused(text, 'it is not a semantic version')
  if (version.includes('+')) throw refused(text, 'it has build metadata, by which clients cannot tell versions apart')
  return version
}

function refused(text: string, rule: string): RegistryError {
  return new RegistryError('RULE_BROKEN', `Cannot publish version "${text}": ${rule}`, {
    hint: 'A version looks like 1.2.3 or 1.2.3-rc.1',
  })
}
