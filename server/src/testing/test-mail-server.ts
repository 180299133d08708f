import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { createTestCertificates } from './test-certificates.ts'

/** A letter that arrived. */
export interface ReceivedMail {
  readonly from: string
  readonly to: readonly string[]
  /** Whole message with its headers. */
  readonly message: string
  /** Whether it came encrypted, and with which version. */
  readonly secure: boolean
  /** User name of the sender. */
  readonly username: string | undefined
}

/** A real SMTP server on loopback. */
export interface TestMailServer {
  readonly port: number
  /** File of the CA of its certificate. */
  readonly caFile: string
  readonly received: ReceivedMail[]
  /** Passwords that were sent to it, in whatever way. */
  readonly passwords: string[]
  close(): Promise<void>
}

/** Starts it on a free port; `refusedAddress` is told that there is no such mailbox. */
export async function startTestMailServer({
  refusedAddress,
  port = 0,
  ...options
}: SMTPServerOptions & { readonly refusedAddress?: string; readonly port?: number } = {}): Promise<TestMailServer> {
  const { ca, cert, key } = await createTestCertificates()
  const folder = await mkdtemp(join(tmpdir(), 'terrace-mail-'))
  const caFile = join(folder, 'ca.pem')
  await writeFile(caFile, ca)
  const received: ReceivedMail[] = []
  const passwords: string[] = []
  const server = new SMTPServer({
    key,
    cert,
    authOptional: true,
    logger: false,
    onAuth({ username, password }, _session, done) {
      passwords.push(password ?? '')
      done(null, { user: username ?? '' })
    },
    onRcptTo({ address }, _session, done) {
      done(address === refusedAddress ? Object.assign(new Error('no such mailbox'), { responseCode: 550 }) : null)
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        received.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          message: Buffer.concat(chunks).toString('utf8'),
          secure: session.secure,
          username: session.user,
        })
        done()
      })
    },
    ...options,
  })
  // Clients that are refused break connections off.
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    port: (server.server.address() as AddressInfo).port,
    caFile,
    received,
    passwords,
    async close() {
      await new Promise<void>((resolve) => server.close(resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
}
