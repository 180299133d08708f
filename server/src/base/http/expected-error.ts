import type { FastifyError } from 'fastify'
import { type ErrorCode, RegistryError } from '../errors.ts'

// Refusals of Fastify and of its form reader; source: https://fastify.dev/docs/latest/Reference/Errors/
const FRAMEWORK_CODES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['PAYLOAD_TOO_LARGE', 'Cannot read the body: it is larger than this route allows'],
  FST_REQ_FILE_TOO_LARGE: ['PAYLOAD_TOO_LARGE', 'Cannot read the form: a file in it is larger than this route allows'],
  FST_FILES_LIMIT: ['PAYLOAD_TOO_LARGE', 'Cannot read the form: it has too many files'],
  FST_FIELDS_LIMIT: ['PAYLOAD_TOO_LARGE', 'Cannot read the form: it has too many fields'],
  FST_PARTS_LIMIT: ['PAYLOAD_TOO_LARGE', 'Cannot read the form: it has too many parts'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['UNSUPPORTED_MEDIA_TYPE', 'Cannot read the body: this route does not take its content type'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['BAD_REQUEST', 'Cannot read the body: it is empty'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['BAD_REQUEST', 'Cannot read the body: it is not JSON'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['BAD_REQUEST', 'Cannot read the body: its length differs from Content-Length'],
  FST_ERR_BAD_URL: ['BAD_REQUEST', 'Cannot read the address: it is not a valid URL path'],
  FST_ERR_MAX_PARAM_LENGTH: ['BAD_REQUEST', 'Cannot read the address: a part of it is too long'],
}

const PART_NAMES: Readonly<Record<string, string>> = { body: 'body', params: 'path', querystring: 'query', headers: 'headers' }

function validationError(error: FastifyError): RegistryError {
  const part = PART_NAMES[error.validationContext ?? ''] ?? 'request'
  const problems = (error.validation ?? []).map(
    ({ instancePath, message }) => `${instancePath.slice(1).replaceAll('/', '.') || part} ${message}`,
  )
  return new RegistryError('BAD_REQUEST', `Cannot read the ${part}: ${problems[0] ?? 'it does not have the expected form'}`, {
    detail: { problems },
  })
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && typeof (error as Partial<FastifyError>).code === 'string'
}

/**
 * The expected failure behind a thrown value: our own error, a refusal of the framework, or `undefined` for a defect.
 * Framework refusals with an unknown code become BAD_REQUEST when their status is 4xx.
 */
export function asExpectedError(error: unknown): RegistryError | undefined {
  if (error instanceof RegistryError) return error
  if (!isFastifyError(error)) return undefined
  if (error.validation !== undefined) return validationError(error)
  const known = FRAMEWORK_CODES[error.code]
  if (known !== undefined) return new RegistryError(known[0], known[1], { cause: error })
  const status = error.statusCode ?? 500
  if (error.code.startsWith('FST_') && status >= 400 && status < 500) {
    return new RegistryError('BAD_REQUEST', `Cannot read the request: ${error.message}`, { cause: error })
  }
  return undefined
}
