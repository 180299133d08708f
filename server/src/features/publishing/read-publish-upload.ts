import type { Readable } from 'node:stream'
import type { MultipartFile, MultipartValue } from '@fastify/multipart'
import { type Platform, parsePlatform } from '@terrace/protocol/platforms.ts'
import { RegistryError } from '../../base/errors.ts'
import { readPublishedVersion } from '../../base/published-version.ts'
import type { Spool, SpooledFile } from '../../base/spool.ts'
import { readAddress } from '../providers/index.ts'
import type { PublishProviderVersion } from './publish-provider-version.ts'

/** Part names of documents that are small enough to be kept in memory, with their limits in bytes. */
const DOCUMENT_LIMITS = { shasums: 1 << 20, signature: 64 << 10, signing_key: 256 << 10, manifest: 64 << 10 } as const
type DocumentName = keyof typeof DOCUMENT_LIMITS

const FIELD_NAMES = ['namespace', 'type', 'version', 'os', 'arch', 'protocols', 'source_url'] as const
type FieldName = (typeof FIELD_NAMES)[number]

/** The parts of a multipart publish request, zips in the spool. */
export interface PublishUpload {
  readonly fields: Partial<Record<FieldName, string>>
  readonly documents: Partial<Record<DocumentName, Buffer>>
  readonly files: readonly { readonly filename: string; readonly file: SpooledFile }[]
  /** Removes what is left in the spool. */
  discard(): Promise<void>
}

/**
 * Receives a publish request part by part, in any order; nothing but the small documents is held in memory.
 * @throws {RegistryError} BAD_REQUEST for an unknown part, PAYLOAD_TOO_LARGE, STORAGE_FULL; nothing is left then.
 */
export async function readPublishUpload(
  parts: AsyncIterable<MultipartFile | MultipartValue>,
  { spool, packageMaxBytes }: { readonly spool: Spool; readonly packageMaxBytes: number },
): Promise<PublishUpload> {
  const fields: Partial<Record<FieldName, string>> = {}
  const documents: Partial<Record<DocumentName, Buffer>> = {}
  const files: { filename: string; file: SpooledFile }[] = []
  const discard = async () => {
    await Promise.all(files.map(({ file }) => file.discard()))
  }
  try {
    for await (const part of parts) {
      if (part.type === 'field') fields[readFieldName(part.fieldname)] = String(part.value)
      else if (isDocumentName(part.fieldname)) documents[part.fieldname] = await readDocument(part.fieldname, part.file)
      else if (part.fieldname === 'file') {
        files.push({ filename: part.filename, file: await spool.receive(part.file, { maxBytes: packageMaxBytes }) })
      } else throw unknownPart(part.fieldname)
    }
  } catch (error) {
    await discard()
    throw error
  }
  return { fields, documents, files, discard }
}

function isDocumentName(name: string): name is DocumentName {
  return name in DOCUMENT_LIMITS
}

function readFieldName(name: string): FieldName {
  const known = FIELD_NAMES.find((field) => field === name)
  if (known === undefined) throw unknownPart(name)
  return known
}

function unknownPart(name: string): RegistryError {
  return new RegistryError('BAD_REQUEST', `Cannot publish: the part "${name.slice(0, 64)}" is not known`, {
    hint: `Fields: ${FIELD_NAMES.join(', ')}. Files: file (repeated), ${Object.keys(DOCUMENT_LIMITS).join(', ')}`,
  })
}

async function readDocument(name: DocumentName, body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > DOCUMENT_LIMITS[name]) {
      throw new RegistryError('PAYLOAD_TOO_LARGE', `Cannot publish: "${name}" is larger than ${DOCUMENT_LIMITS[name]} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Makes a use case's input of what was received. @throws {RegistryError} BAD_REQUEST, INVALID_ADDRESS, RULE_BROKEN */
export function toPublishInput({ fields, documents, files }: PublishUpload): Omit<PublishProviderVersion, 'by'> {
  const address = readAddress({ namespace: requireField(fields, 'namespace'), type: requireField(fields, 'type') })
  const version = readPublishedVersion(requireField(fields, 'version'))
  if (files.length === 0) throw new RegistryError('BAD_REQUEST', 'Cannot publish: the request has no part "file" with a package')
  const packages = files.map(({ filename, file }) => ({ platform: readPlatform({ fields, files, filename }), file }))
  refuseTwice(packages.map(({ platform }) => `${platform.os}_${platform.arch}`))
  return {
    address,
    version,
    packages,
    protocols: readProtocols(fields, documents),
    sourceUrl: readSourceUrl(fields.source_url),
    signed: readSigned(documents),
  }
}

function requireField(fields: PublishUpload['fields'], name: FieldName): string {
  const value = fields[name]
  if (value !== undefined && value !== '') return value
  throw new RegistryError('BAD_REQUEST', `Cannot publish: the field "${name}" is missing`)
}

function readPlatform({ fields, files, filename }: Pick<PublishUpload, 'fields' | 'files'> & { filename: string }): Platform {
  const named = fields.os !== undefined && fields.arch !== undefined && files.length === 1
  const text = named ? `${fields.os}_${fields.arch}` : (/_([a-z0-9]+_[a-z0-9]+)\.zip$/.exec(filename)?.[1] ?? filename)
  const platform = parsePlatform(text)
  if (platform !== undefined) return platform
  throw new RegistryError('RULE_BROKEN', `Cannot publish "${filename}": "${text}" is not a known platform`, {
    hint: 'Name the file terraform-provider-TYPE_VERSION_OS_ARCH.zip, or send the fields os and arch with a single file',
  })
}

function refuseTwice(platforms: readonly string[]): void {
  const twice = platforms.find((platform, index) => platforms.indexOf(platform) !== index)
  if (twice !== undefined) throw new RegistryError('BAD_REQUEST', `Cannot publish: there are two packages for "${twice}"`)
}

const PROTOCOL = /^[56]\.\d{1,3}$/

function readProtocols(fields: PublishUpload['fields'], documents: PublishUpload['documents']): string[] | undefined {
  const named = fields.protocols?.split(',').map((text) => text.trim()) ?? readManifest(documents.manifest)
  const bad = named?.find((text) => !PROTOCOL.test(text))
  if (bad === undefined) return named
  throw new RegistryError('RULE_BROKEN', `Cannot publish with plugin protocol "${bad}": clients understand 5.x and 6.x`, {
    hint: 'Write it like 5.0 or 6.0',
  })
}

/** Source: terraform-registry-manifest.json, as the field's release tools write it. */
function readManifest(bytes: Buffer | undefined): string[] | undefined {
  if (bytes === undefined) return undefined
  try {
    const versions = (JSON.parse(bytes.toString('utf8')) as { metadata?: { protocol_versions?: unknown } }).metadata?.protocol_versions
    if (Array.isArray(versions) && versions.length > 0) return versions.map(String)
  } catch {
    // Not JSON at all: refused below like JSON of another shape.
  }
  throw new RegistryError('RULE_BROKEN', 'Cannot publish: the manifest has no "metadata.protocol_versions"')
}

function readSourceUrl(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text
  throw new RegistryError('RULE_BROKEN', `Cannot publish with source "${text.slice(0, 200)}": it is no http or https address`)
}

function readSigned({ shasums, signature, signing_key: key }: PublishUpload['documents']): PublishProviderVersion['signed'] {
  if (shasums === undefined && signature === undefined) return undefined
  if (shasums !== undefined && signature !== undefined) return { shasums, signature, signingKey: key?.toString('utf8') }
  throw new RegistryError('BAD_REQUEST', 'Cannot publish: "shasums" and "signature" belong together', {
    hint: 'Send both, or none of them to have the registry sign',
  })
}
