import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { SMTPServerOptions } from 'smtp-server'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { DIALECTS, type Dialect, openTestDatabase, type TestDatabase } from '../../testing/dialects.ts'
import { testLog } from '../../testing/test-edge.ts'
import { startTestMailServer, type TestMailServer } from '../../testing/test-mail-server.ts'
import { openDatabase } from '../database/open-database.ts'
import { deliverMails, queueMail, sweepMails } from './outbox.ts'

const CHILD = fileURLToPath(new URL('./outbox.fault-child.ts', import.meta.url))
const LEASE_MS = 400
const LETTER = { id: 'letter.1', to: ['mia@example.com'], subject: 'Hello', text: 'A letter.\n' }

let open: TestMailServer[] = []
afterEach(async () => {
  await Promise.all(open.map((server) => server.close()))
  open = []
})

type ServerOptions = SMTPServerOptions & { readonly refusedAddress?: string; readonly port?: number }

async function startServer(options: ServerOptions = {}): Promise<TestMailServer> {
  const server = await startTestMailServer(options)
  open.push(server)
  return server
}

const smtpOf = ({ port, caFile }: TestMailServer) =>
  ({ host: 'localhost', port, username: '', password: '', from: 'registry@example.com', tls: 'starttls', caFile }) as const

function depsFor(database: TestDatabase, server: TestMailServer) {
  const log = testLog()
  return { database, logger: log.logger, log, config: { notifications: { smtp: smtpOf(server) } } }
}

async function openOutbox(dialect: Dialect, options: ServerOptions = {}) {
  const [database, server] = await Promise.all([openTestDatabase(dialect), startServer(options)])
  const { db } = database
  const makeDue = () => db.updateTable('mails').set({ dueAt: 0 }).where('dueAt', 'is not', null).execute()
  const row = () => db.selectFrom('mails').selectAll().orderBy('id').executeTakeFirstOrThrow()
  return { database, db, server, deps: depsFor(database, server), makeDue, row }
}

/** A process that sends, until it is killed. */
function startChild(database: TestDatabase, server: TestMailServer): { kill(): Promise<void> } {
  const child = spawn(process.execPath, [CHILD, JSON.stringify(database.options), JSON.stringify(smtpOf(server)), String(LEASE_MS)])
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  onTestFinished(kill)
  return { kill }
}

const idOf = (message = ''): string | undefined => /^Message-ID: (?<id>.*?)\r?$/m.exec(message)?.groups?.id

describe.each(DIALECTS)('the outbox on %s', (dialect) => {
  test('a letter is sent once, with an id of its own', async () => {
    const { db, deps, server } = await openOutbox(dialect)
    await queueMail(db, LETTER)
    await queueMail(db, { ...LETTER, text: 'The same once more.' })
    expect(await deliverMails(deps)).toEqual({ sent: 1, failed: 0 })
    await queueMail(db, LETTER)
    expect(await deliverMails(deps)).toEqual({ sent: 0, failed: 0 })
    expect(server.received).toMatchObject([{ to: ['mia@example.com'], secure: true }])
    expect(idOf(server.received[0]?.message)).toBe('<letter.1@example.com>')
  })

  test('a letter whose cause was undone does not exist', async () => {
    const { db, deps } = await openOutbox(dialect)
    const failing = db.transaction().execute(async (tx) => {
      await queueMail(tx, LETTER)
      throw new Error('undone')
    })
    await expect(failing).rejects.toThrow('undone')
    expect(await deliverMails(deps)).toEqual({ sent: 0, failed: 0 })
  })

  test('of processes that send at the same time each letter has one', async () => {
    const { database, db, deps, server } = await openOutbox(dialect)
    for (let count = 0; count < 6; count += 1) await queueMail(db, { ...LETTER, id: `letter.${count}` })
    const replicas = [openDatabase(database.options), openDatabase(database.options)]
    const rounds = await Promise.all([database, ...replicas].map((replica) => deliverMails({ ...deps, database: replica })))
    for (const replica of replicas) await replica.close()
    expect(rounds.reduce((sum, { sent }) => sum + sent, 0)).toBe(6)
    expect(new Set(server.received.map(({ message }) => idOf(message))).size).toBe(6)
    expect(server.received).toHaveLength(6)
  })

  test('a server that is away is asked again after growing pauses', async () => {
    const { database, db, deps, server, makeDue, row } = await openOutbox(dialect)
    await queueMail(db, LETTER)
    const { port } = server
    await server.close()
    open = []
    const pauses: number[] = []
    for (let round = 0; round < 8; round += 1) {
      await makeDue()
      const before = Date.now()
      expect(await deliverMails(deps)).toEqual({ sent: 0, failed: 1 })
      pauses.push(Math.round(((await row()).dueAt ?? 0) / 60_000 - before / 60_000))
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60])
    expect(await deliverMails(deps)).toEqual({ sent: 0, failed: 0 })
    const again = depsFor(database, await startServer({ port }))
    await makeDue()
    expect(await deliverMails(again)).toEqual({ sent: 1, failed: 0 })
    expect(await row()).toMatchObject({ dueAt: null, lastError: null, attempts: 8 })
  })

  test('an address that is refused keeps no other letter back, and is given up after three days', async () => {
    const { db, deps, server, makeDue, row } = await openOutbox(dialect, { refusedAddress: 'tom@example.com' })
    await queueMail(db, { ...LETTER, id: 'letter.0', to: ['tom@example.com'] })
    await queueMail(db, LETTER)
    expect(await deliverMails(deps)).toEqual({ sent: 1, failed: 1 })
    await makeDue()
    await db.updateTable('mails').set({ createdAt: 0 }).where('id', '=', 'letter.0').execute()
    expect(await deliverMails(deps)).toEqual({ sent: 0, failed: 1 })
    await makeDue()
    expect(await deliverMails(deps)).toEqual({ sent: 0, failed: 0 })
    expect(deps.log.lines.join('\n')).toContain('mail given up')
    expect(server.received).toHaveLength(1)
    expect(await row()).toMatchObject({ id: 'letter.0', dueAt: null, sentAt: null, lastError: expect.stringContaining('550') })
    await sweepMails(deps)
    expect(await db.selectFrom('mails').select('id').execute()).toEqual([{ id: 'letter.1' }])
  })

  // reliability.md F4: neither lost nor twice.
  test('a process that is killed between taking and sending leaves the letter to the next one', async () => {
    let connected = 0
    const { database, db, deps, server } = await openOutbox(dialect, {
      onConnect: (_session, done) => {
        connected += 1
        // The first client never hears a greeting.
        if (connected > 1) done()
      },
    })
    await queueMail(db, LETTER)
    const child = startChild(database, server)
    await vi.waitFor(() => expect(connected).toBe(1), 20_000)
    expect(await deliverMails(deps)).toEqual({ sent: 0, failed: 0 })
    await child.kill()
    await vi.waitFor(async () => expect(await deliverMails(deps)).toEqual({ sent: 1, failed: 0 }), { timeout: 20_000, interval: 50 })
    expect(await deliverMails(deps)).toEqual({ sent: 0, failed: 0 })
    expect(server.received.map(({ message }) => idOf(message))).toEqual(['<letter.1@example.com>'])
  })

  test('a process that is killed between sending and noting it sends the same letter again, which says so', async () => {
    const taken: string[] = []
    const { database, db, deps, server } = await openOutbox(dialect, {
      onData: (stream, _session, done) => {
        let message = ''
        stream.setEncoding('utf8').on('data', (text: string) => {
          message += text
        })
        stream.on('end', () => {
          taken.push(message)
          // The first client never hears that its letter was taken.
          if (taken.length > 1) done()
        })
      },
    })
    await queueMail(db, LETTER)
    const child = startChild(database, server)
    await vi.waitFor(() => expect(taken).toHaveLength(1), 20_000)
    await child.kill()
    await vi.waitFor(async () => expect(await deliverMails(deps)).toEqual({ sent: 1, failed: 0 }), { timeout: 20_000, interval: 50 })
    expect(taken.map(idOf)).toEqual(['<letter.1@example.com>', '<letter.1@example.com>'])
  })
})
