import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A line between a client and a server that a test can cut. */
export interface TcpRelay extends AsyncDisposable {
  readonly port: number
  /** Bytes that have come from the server since the start, on the wire. */
  receivedBytes(): number
  /** Cuts what is open and refuses what comes, until `mend`. */
  cut(): void
  /** Lets connections through again. */
  mend(): void
  /** Cuts each connection once so many bytes have come from the server; `undefined` for never. */
  limit(bytes: number | undefined): void
  close(): Promise<void>
}

/** Listens on a free port of 127.0.0.1 and passes everything on to the target. */
export async function startTcpRelay(target: { readonly host: string; readonly port: number }): Promise<TcpRelay> {
  const open = new Set<Socket>()
  let isCut = false
  let limitBytes = Number.POSITIVE_INFINITY
  let totalBytes = 0
  const server = createServer((client) => {
    if (isCut) {
      client.destroy()
      return
    }
    const onward = connect(target)
    let received = 0
    const end = (): void => {
      client.destroy()
      onward.destroy()
      open.delete(client)
    }
    open.add(client)
    for (const socket of [client, onward]) socket.on('error', end).on('close', end)
    client.pipe(onward)
    onward.on('data', (chunk: Buffer) => {
      received += chunk.length
      totalBytes += chunk.length
      if (received > limitBytes) client.write(chunk.subarray(0, chunk.length - (received - limitBytes)), end)
      else if (!client.write(chunk)) onward.pause()
    })
    client.on('drain', () => onward.resume())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const dropAll = (): void => {
    for (const socket of open) socket.destroy()
  }
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      dropAll()
    })
  return {
    port: (server.address() as AddressInfo).port,
    receivedBytes: () => totalBytes,
    cut() {
      isCut = true
      dropAll()
    },
    mend() {
      isCut = false
    },
    limit(bytes = Number.POSITIVE_INFINITY) {
      limitBytes = bytes
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
