import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'

/** How one request ended: its status, `refused` when nobody listened any more, or what went wrong. */
export type RequestOutcome = string

/**
 * Asks again and again, each time on a new connection, and notes how each request ended, until the server sends it away, as a load
 * balancer would. A request that was sent and got no complete answer is noted as `broken`.
 */
export async function askUntilSentAway(url: string, outcomes: RequestOutcome[]): Promise<void> {
  let outcome: RequestOutcome
  do {
    outcome = await askOnce(url)
    outcomes.push(outcome)
  } while (outcome === '200')
}

async function askOnce(url: string): Promise<RequestOutcome> {
  try {
    const answer = await open(url)
    for await (const _ of answer);
    return String(answer.statusCode)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ECONNREFUSED' ? 'refused' : `broken: ${code ?? message}`
  }
}

/** A download that has begun and waits. */
export interface HeldDownload {
  /** Reads the rest; answers the digest of all of it, lower-case hex. @throws when the answer breaks off. */
  finish(): Promise<string>
}

/** Begins a download and reads nothing of its body yet. */
export async function holdDownload(url: string): Promise<HeldDownload> {
  const answer = await open(url)
  return {
    async finish() {
      const hash = createHash('sha256')
      for await (const chunk of answer) hash.update(chunk as Buffer)
      return hash.digest('hex')
    },
  }
}

async function open(url: string): Promise<IncomingMessage> {
  const [answer] = (await once(get(url, { agent: new Agent({ keepAlive: false }) }), 'response')) as [IncomingMessage]
  return answer
}
