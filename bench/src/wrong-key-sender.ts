import { randomInt } from 'node:crypto'
import { Agent, get } from 'node:http'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { createApiKeySecret } from '@terrace/server/features/accounts/api-keys/api-key-secrets.ts'

/** Where wrong keys go, and how they look. */
export interface WrongKeys {
  readonly url: string
  readonly perSecond: number
  /** Each comes from another address; needs a server that believes `X-Forwarded-For`. */
  readonly manyAddresses: boolean
}

/** What became of them, by status. */
export type WrongKeyAnswers = Readonly<Record<string, number>>

// Evenly: a burst would queue up behind itself.
const TICK_MS = 1
const CONNECTIONS = 32

/**
 * Sends well-formed keys that nobody has, each another one, at a steady rate whatever the answers, from a thread of its own: what
 * is measured beside it must not wait for it.
 */
export function startWrongKeys(keys: WrongKeys): { stop(): Promise<WrongKeyAnswers> } {
  const worker = new Worker(new URL(import.meta.url), { workerData: keys })
  const ended = new Promise<WrongKeyAnswers>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  return {
    async stop() {
      worker.postMessage('stop')
      const answers = await ended
      await worker.terminate()
      return answers
    },
  }
}

function send({ url, perSecond, manyAddresses }: WrongKeys): void {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const answers: Record<string, number> = {}
  const count = (outcome: string) => {
    answers[outcome] = (answers[outcome] ?? 0) + 1
  }
  const startedAt = performance.now()
  let sent = 0
  const timer = setInterval(() => {
    for (const due = ((performance.now() - startedAt) / 1000) * perSecond; sent < due; sent++) {
      const address = manyAddresses ? { 'x-forwarded-for': `10.${randomInt(256)}.${randomInt(256)}.${randomInt(256)}` } : {}
      const headers = { authorization: `Bearer ${createApiKeySecret()}`, ...address }
      get(url, { agent, headers }, (response) => {
        count(String(response.statusCode))
        response.resume()
      }).on('error', () => count('failed'))
    }
  }, TICK_MS)
  parentPort?.once('message', () => {
    clearInterval(timer)
    agent.destroy()
    parentPort?.postMessage(answers)
  })
}

if (parentPort !== null) send(workerData as WrongKeys)
