import type { MultipartFile, MultipartValue } from '@fastify/multipart'
import { RegistryError } from '../../../base/errors.ts'
import { readPublishedVersion } from '../../../base/published-version.ts'
import type { Spool, SpooledFile } from '../../../base/spool.ts'
import { readModuleAddress } from '../read-module-address.ts'
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
      if (part.type === 'field') readField(fields, part)
      else if (part.fieldname === 'file' && file === undefined) file = await spool.receive(part.file, { maxBytes: archiveMaxBytes })
      else throw unknownPart(part.fieldname)
    }
  } catch (error) {
    await discard()
    throw error
  }
  return { fields, file, discard }
}

function readField(fields: ModuleUpload['fields'], { fieldname, value }: MultipartValue): void {
  const name = FIELD_NAMES.find((field) => field === fieldname)
  if (name === undefined || fields[name] !== undefined) throw unknownPart(fieldname)
  fields[name] = String(value)
}

function unknownPart(name: string): RegistryError {
  return new RegistryError('BAD_REQUEST', `Cannot publish: the part "${name.slice(0, 64)}" is not known or comes twice`, {
    hint: `Fields: ${FIELD_NAMES.join(', ')}. File: file`,
  })
}

/** @throws {RegistryError} BAD_REQUEST, INVALID_ADDRESS, RULE_BROKEN */
export function toPublishInput({ fields, file }: ModuleUpload): Omit<PublishModuleVersion, 'by'> {
  const address = readModuleAddress({
    namespace: requireField(fields, 'namespace'),
    name: requireField(fields, 'name'),
    system: requireField(fields, 'system'),
  })
  const version = readPublishedVersion(requireField(fields, 'version'))
  if (file === undefined) throw new RegistryError('BAD_REQUEST', 'Cannot publish: the request has no part "file" with an archive')
  return { address, version, file, description: readDescription(fields.description), sourceUrl: readSource(fields.source) }
}

function requireField(fields: ModuleUpload['fields'], name: FieldName): string {
  const value = fields[name]
  if (value !== undefined && value !== '') return value
  throw new RegistryError('BAD_REQUEST', `Cannot publish: the field "${name}" is missing`)
}

const MAX_DESCRIPTION = 1000
const MAX_SOURCE = 500
/** Line breaks and tabs are fine in a description. */
const CONTROLS = /[^\P{Cc}\n\r\t]/u

function readDescription(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  if (text.length > MAX_DESCRIPTION) {
    throw new RegistryError('RULE_BROKEN', `Cannot publish: the description is longer than ${MAX_DESCRIPTION} characters`)
  }
  if (CONTROLS.test(text)) throw new RegistryError('RULE_BROKEN', 'Cannot publish: the description has a control character in it')
  return text
}

function readSource(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined
  const url = /^https?:\/\/[^\s\p{Cc}]+$/u.test(text) && text.length <= MAX_SOURCE ? URL.parse(text) : null
  // Everybody who reads the module reads its source; the message must not repeat what should not be known either.
  if (url !== null && (url.username !== '' || url.password !== '')) {
    throw new RegistryError('RULE_BROKEN', `Cannot publish with source "${url.host}${url.pathname}": it has a credential in it`, {
      hint: 'Leave out what stands before the "@"',
    })
  }
  if (url !== null) return text
  throw new RegistryError('RULE_BROKEN', 'Cannot publish with this source: it is no http or https address', {
    hint: `It looks like https://git.example.com/acme/vpc, without spaces, and has ${MAX_SOURCE} characters at most`,
  })
}
