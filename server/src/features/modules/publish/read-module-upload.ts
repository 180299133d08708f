import type { MultipartFile, MultipartValue } from '@fastify/multipart'
import { RegistryError } from '../../../base/errors.ts'
import type { Spool, SpooledFile } from '../../../base/spool.ts'
import { readModuleAddress, readPublishedModuleVersion } from '../read-module-address.ts'
import type { PublishModuleVersion } from './publish-module-version.ts'

const FIELD_NAMES = ['namespace', 'name', 'system', 'version', 'description', 'source'] as const
type FieldName = (typeof FIELD_NAMES)[number]

/** The parts of a multipart publish request, the archive in the spool. */
export interface ModuleUpload {
  readonly fields: Partial<Record<FieldName, string>>
  readonly file: SpooledFile | undefined
  /** Removes what is left in the spool. */
  discard(): Promise<void>
}

/**
 * Receives a publish request part by part, in any order.
 * @throws {RegistryError} BAD_REQUEST for an unknown part, PAYLOAD_TOO_LARGE, STORAGE_FULL; nothing is left then.
 */
export async function readModuleUpload(
  parts: AsyncIterable<MultipartFile | MultipartValue>,
  { spool, archiveMaxBytes }: { readonly spool: Spool; readonly archiveMaxBytes: number },
): Promise<ModuleUpload> {
  const fields: Partial<Record<FieldName, string>> = {}
  let file: SpooledFile | undefined
  const discard = async () => file?.discard()
  try {
    for await (const part of parts) {
      if (part.type === 'field') fields[readFieldName(part.fieldname)] = String(part.value)
      else if (part.fieldname === 'file' && file === undefined) file = await spool.receive(part.file, { maxBytes: archiveMaxBytes })
      else throw unknownPart(part.fieldname)
    }
  } catch (error) {
    await discard()
    throw error
  }
  return { fields, file, discard }
}

function readFieldName(name: string): FieldName {
  const known = FIELD_NAMES.find((field) => field === name)
  if (known === undefined) throw unknownPart(name)
  return known
}

function unknownPart(name: string): RegistryError {
  return new RegistryError('BAD_REQUEST', `Cannot publish: the part "${name.slice(0, 64)}" is not known or comes twice`, {
    hint: `Fields: ${FIELD_NAMES.join(', ')}. File: file`,
  })
}

/** @throws {RegistryError} BAD_REQUEST, INVALID_ADDRESS, INVALID_VERSION, RULE_BROKEN */
export function toPublishInput({ fields, file }: ModuleUpload): Omit<PublishModuleVersion, 'by'> {
  const address = readModuleAddress({
    namespace: requireField(fields, 'namespace'),
    name: requireField(fields, 'name'),
    system: requireField(fields, 'system'),
  })
  const version = readPublishedModuleVersion(requireField(fields, 'version'))
  if (file === undefined) throw new RegistryError('BAD_REQUEST', 'Cannot publish: the request has no part "file" with an archive')
  return { address, version, file, description: readDescription(fields.description), sourceUrl: readSource(fields.source) }
}

function requireField(fields: ModuleUpload['fields'], name: FieldName): string {
  const value = fields[name]
  if (value !== undefined && value !== '') return value
  throw new RegistryError('BAD_REQUEST', `Cannot publish: the field "${name}" is missing`)
}

const MAX_DESCRIPTION = 1000

function readDescription(text: string | undefined): string | undefined {
  if (text === undefined || text.length <= MAX_DESCRIPTION) return text
  throw new RegistryError('RULE_BROKEN', `Cannot publish: the description is longer than ${MAX_DESCRIPTION} characters`)
}

function readSource(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text
  throw new RegistryError('RULE_BROKEN', `Cannot publish with source "${text.slice(0, 200)}": it is no http or https address`)
}
