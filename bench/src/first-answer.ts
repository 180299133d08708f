import { get } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import type { ChildServer } from '../../acceptance/src/harness/child-server.ts'

const POLL_MS = 4
const TIMEOUT_MS = 30_000

/** Waits until the address answers anything but 503, asking again and again. @throws when the process ends first. */
export async function waitForAnswer(address: string, server: ChildServer): Promise<void> {
  const startedAt = performance.now()
  while (performance.now() - startedAt < TIMEOUT_MS) {
    const status = await ask(address)
    if (status !== undefined && status !== 503) return
    const end = await Promise.race([server.ended, setTimeout(POLL_MS)])
    if (end !== undefined) break
  }
  throw new Error(`No answer from ${address}:\n${server.output()}`)
}

/** The status, or `undefined` when nobody listens. */
function ask(address: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    get(address, { agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode)
    }).once('error', () => resolve(undefined))
  })
}
