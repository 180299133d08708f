import { PassThrough } from 'node:stream'
import type { preParsingAsyncHookHandler } from 'fastify'
import { RegistryError } from '../../errors.ts'

/**
 * A hook that gives the body of a request a time to arrive. Whoever sends a byte now and then would else hold the connection, and
 * what the request has reserved, for as long as an upload may take. Fails with REQUEST_TIMEOUT.
 */
export function createBodyDeadline(bodyMs: number): preParsingAsyncHookHandler {
  return async (_request, _reply, payload) => {
    const timed = new PassThrough()
    const timer = setTimeout(() => timed.destroy(tooSlow(bodyMs)), bodyMs)
    payload.on('error', (error) => timed.destroy(error))
    // Whoever reads the body hears of errors too, but after a refusal nobody reads it any more.
    timed.on('error', () => {})
    timed.on('close', () => clearTimeout(timer))
    return payload.pipe(timed)
  }
}

function tooSlow(bodyMs: number): RegistryError {
  return new RegistryError('REQUEST_TIMEOUT', `Cannot read the body: it did not arrive within ${bodyMs / 1000} s`, {
    hint: 'Try again over a faster connection',
  })
}
