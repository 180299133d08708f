import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { RegistryError } from '../../base/errors.ts'
import type { GetRange, ObjectReader } from '../../base/storage/object-store.ts'
import type { BufferPool } from './buffer-pool.ts'
import { parseByteRange } from './byte-range.ts'
import type { DigestMemory } from './digest-memory.ts'
import type { FilesDeps } from './files-deps.ts'
import { ObjectTruncatedError, wholeRange } from './read-chunks.ts'
import { ResponseClosedError, sendObject } from './send-object.ts'

/** Objects up to this size are hashed before the answer begins, so a damaged one is a clear 502 and not a cut connection. */
const HASHED_FIRST_BYTES = 8 * 1024 * 1024
const STALL_TIMEOUT_MS = 60_000

export interface FileService extends FilesDeps {
  readonly pool: BufferPool
  readonly digests: DigestMemory
}

interface Exchange {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

interface Transfer {
  readonly key: string
  readonly expected: string
  readonly reader: ObjectReader
}

/**
 * Answers a request whose link was found good.
 * @throws {RegistryError} OBJECT_NOT_FOUND, OBJECT_DAMAGED
 */
export async function serveObject(service: FileService, key: string, exchange: Exchange): Promise<void> {
  const expected = await service.expectedDigest(key)
  if (expected === undefined) throw new RegistryError('OBJECT_NOT_FOUND', `Cannot read "${key}": no such object is served here`)
  const reader = await service.store.open(key)
  if (reader === undefined) throw damaged(service, { key, expected }, exchange)
  try {
    await answer(service, { key, expected, reader }, exchange)
  } finally {
    await reader.close()
  }
}

async function answer(service: FileService, transfer: Transfer, exchange: Exchange): Promise<void> {
  const { request, reply } = exchange
  const { size } = transfer.reader.head
  const etag = `"${transfer.expected}"`
  // Set on answers only, not on errors: those must not be kept.
  const lasting = { etag, 'accept-ranges': 'bytes', 'cache-control': `private, max-age=${service.linkLifeSeconds}, no-transform` }
  if (request.headers['if-none-match'] === etag) return void reply.code(304).headers(lasting).send()
  const range = request.method === 'GET' && hasCurrentRange(request, etag) ? parseByteRange(request.headers.range, size) : undefined
  if (range === 'unsatisfiable') return void reply.code(416).header('content-range', `bytes */${size}`).send()
  const approved = await isApproved(service, transfer, { exchange, whole: range === undefined && request.method === 'GET' })
  describeBody(reply.headers(lasting), transfer, range)
  if (request.method === 'HEAD') return void reply.send()
  await stream(service, { ...transfer, range: range ?? wholeRange(transfer.reader), approved }, exchange)
}

/** A range continues a download that had another content when `If-Range` names another one. */
function hasCurrentRange({ headers }: FastifyRequest, etag: string): boolean {
  return headers['if-range'] === undefined || headers['if-range'] === etag
}

interface ApprovalContext {
  readonly exchange: Exchange
  /** All bytes are about to be sent, so their digest can be taken on the way. */
  readonly whole: boolean
}

/** Whether the object is known to be right; `false` when it has to be hashed while it is sent. */
async function isApproved(service: FileService, transfer: Transfer, { exchange, whole }: ApprovalContext): Promise<boolean> {
  const { reader, expected } = transfer
  const remembered = service.digests.find(reader.head)
  if (remembered === expected) return true
  if (remembered !== undefined) throw damaged(service, { ...transfer, found: remembered }, exchange)
  if (exchange.request.method === 'HEAD' || reader.writtenSha256 === expected) return true
  if (whole && reader.head.size > HASHED_FIRST_BYTES) return false
  const found = await service.digests.digestOf(reader).catch((error) => {
    if (error instanceof ObjectTruncatedError) throw damaged(service, transfer, exchange)
    throw error
  })
  if (found !== expected) throw damaged(service, { ...transfer, found }, exchange)
  return true
}

function describeBody(reply: FastifyReply, { key, reader }: Transfer, range: GetRange | undefined): void {
  const { size } = reader.head
  const name = key.slice(key.lastIndexOf('/') + 1)
  reply.code(range === undefined ? 200 : 206).headers({
    'content-type': name.endsWith('.zip') ? 'application/zip' : 'application/octet-stream',
    'content-disposition': `attachment; filename="${name}"`,
    'content-length': range === undefined ? size : range.end - range.start + 1,
  })
  if (range !== undefined) reply.header('content-range', `bytes ${range.start}-${range.end}/${size}`)
}

/**
 * Takes the response over from Fastify, whose stream support would copy each chunk into a buffer of its own. The headers
 * that the request chain has set so far are sent with it.
 */
async function stream(
  service: FileService,
  { approved, range, ...transfer }: Transfer & { readonly range: GetRange; readonly approved: boolean },
  exchange: Exchange,
): Promise<void> {
  const { request, reply } = exchange
  const response = reply.raw
  const { reader, expected } = transfer
  const approve = (found: string) => {
    service.digests.remember(reader.head, found)
    if (found !== expected) throw damaged(service, { ...transfer, found }, exchange)
  }
  reply.hijack()
  response.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders)
  response.setTimeout(service.stallTimeoutMs ?? STALL_TIMEOUT_MS, () => response.destroy())
  try {
    await sendObject(response, approved ? { reader, range } : { reader, range, approve }, service.pool)
  } catch (error) {
    response.destroy()
    if (error instanceof ObjectTruncatedError) damaged(service, transfer, exchange)
    // Fastify tells nobody of an answer that was cut after its head, so it is told here.
    const fields = { err: error, request_id: request.id, key: transfer.key }
    if (error instanceof ResponseClosedError) service.logger.info(fields, 'A download was left by its reader')
    else service.logger.error(fields, 'A download was cut')
  }
}

interface Damage {
  readonly key: string
  readonly expected: string
  readonly found?: string
}

/** Reports a damaged object and makes the error for its reader. */
function damaged(service: FileService, { key, expected, found }: Damage, { request }: Exchange): RegistryError {
  const report = async () => service.onDamaged(key, expected, found)
  report().catch((error: unknown) =>
    service.logger.error({ err: error, request_id: request.id, key }, 'Cannot record that an object is damaged'),
  )
  const state = found === undefined ? 'the stored object is missing or incomplete' : 'the stored object is damaged'
  return new RegistryError('OBJECT_DAMAGED', `Cannot read "${key}": ${state}`, {
    hint: 'Restore the object from a backup, or have the provider fetched again',
    detail: found === undefined ? { expected } : { expected, found },
  })
}
