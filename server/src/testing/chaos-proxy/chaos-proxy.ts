import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { applyToxic, type Outcome, sendOn, type Toxic } from './toxics.ts'

export type { Toxic } from './toxics.ts'

/** A line between a client and a server on loopback that breaks as a test asks for. Whether TLS runs over it is all the same. */
export interface ChaosProxy extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly port: number
  /**
   * From now on everything suffers from this, and from nothing else. Cuts what is open, because a kept connection would know nothing of
   * it; resolves when a client on this machine has noticed.
   */
  inject(toxic: Toxic): Promise<void>
  /**
   * The same until the test ends. The test fails if the toxic did nothing in it: it has then proved nothing
   * (reliability.md section 8, trap a).
   */
  poison(toxic: Toxic): Promise<void>
  /** Everything passes again. Cuts what is open. */
  heal(): Promise<void>
  /** Connections to which the last toxic has done something. */
  hits(): number
  close(): Promise<void>
}

/** Listens on a free port of 127.0.0.1 and passes everything on to the port, unharmed. */
export async function startChaosProxy(targetPort: number): Promise<ChaosProxy> {
  const lines = new Lines(targetPort)
  const server = createServer((client) => lines.open(client))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      lines.cutAll()
    })
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    inject: (toxic) => lines.use(toxic),
    async poison(toxic) {
      onTestFinished(async () => {
        const hits = lines.hits
        await lines.use(undefined)
        expect(hits, `the toxic "${toxic.kind}" has never fired`).toBeGreaterThan(0)
      })
      await lines.use(toxic)
    },
    heal: () => lines.use(undefined),
    hits: () => lines.hits,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Else the next request would go out on a connection that is dead already, and prove nothing (reliability.md section 8, trap a). */
const NOTICED_MS = 20

class Lines {
  readonly #targetPort: number
  readonly #sockets = new Set<Socket>()
  #toxic: Toxic | undefined
  hits = 0

  constructor(targetPort: number) {
    this.#targetPort = targetPort
  }

  async use(toxic: Toxic | undefined): Promise<void> {
    this.#toxic = toxic
    this.hits = 0
    this.cutAll()
    await delay(NOTICED_MS)
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  open(client: Socket): void {
    const toxic = this.#toxic
    if (toxic?.kind === 'refuse' && this.#isLeft(toxic)) {
      this.hits += 1
      client.resetAndDestroy()
      return
    }
    const onward = connect(this.#targetPort, '127.0.0.1')
    for (const socket of [client, onward]) {
      this.#sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => this.#sockets.delete(socket))
    }
    client.on('close', () => onward.destroy())
    this.#join(client, onward)
  }

  #join(client: Socket, onward: Socket): void {
    const line = new Line(client)
    client.on('data', (chunk: Buffer) => {
      line.ask(chunk, this.#toxic)
      onward.write(chunk)
    })
    const pass = async (): Promise<void> => {
      for await (const chunk of onward) {
        if ((await this.#pass(line, chunk as Buffer)) === 'is over') return
      }
      client.end()
    }
    pass().catch(() => client.destroy())
  }

  async #pass(line: Line, chunk: Buffer): Promise<Outcome> {
    const toxic = this.#toxic
    const { client, before } = line
    line.before += chunk.length
    if (toxic === undefined || !line.isMeant || !(line.isHit || this.#isLeft(toxic))) return sendOn(chunk, client)
    const fired = (): void => {
      if (!line.isHit) this.hits += 1
      line.isHit = true
    }
    return applyToxic(toxic, chunk, { client, before, fired })
  }

  #isLeft({ times = Number.POSITIVE_INFINITY }: Toxic): boolean {
    return this.hits < times
  }
}

/** One connection. */
class Line {
  readonly client: Socket
  /** Bytes of the answer that have come. */
  before = 0
  /** The toxic is for the answer that is coming. */
  isMeant = true
  /** The toxic has done something to this connection. */
  isHit = false

  constructor(client: Socket) {
    this.client = client
  }

  ask(request: Buffer, toxic: Toxic | undefined): void {
    if (toxic?.when === undefined) return
    this.isMeant = toxic.when.test(request.toString('latin1'))
    this.before = 0
  }
}
