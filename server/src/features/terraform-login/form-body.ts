import type { FastifyInstance } from 'fastify'
import { RegistryError } from '../../base/errors.ts'

const FORM = 'application/x-www-form-urlencoded'
/** The largest field is a password of 1 KB. */
const BODY_LIMIT_BYTES = 16 * 1024

/** Fields of a form; each name once. */
export type FormFields = Readonly<Record<string, string>>

function parseForm(text: string): FormFields {
  const pairs = [...new URLSearchParams(text)]
  const fields = Object.fromEntries(pairs)
  // RFC 6749, section 3.2: parameters must not be included more than once.
  if (Object.keys(fields).length === pairs.length) return fields
  throw new RegistryError('BAD_REQUEST', 'Cannot read the form: a field of it is there twice')
}

/**
 * Lets the routes of a plugin, and no others, read forms. A browser sends these across origins without asking, so each of the
 * routes has its own guard: a CSRF token, or a code that nobody else has.
 */
export function readForms(app: FastifyInstance): void {
  app.addContentTypeParser(FORM, { parseAs: 'string', bodyLimit: BODY_LIMIT_BYTES }, (_request, body, done) => {
    try {
      done(null, parseForm(String(body)))
    } catch (error) {
      done(error as Error)
    }
  })
}
