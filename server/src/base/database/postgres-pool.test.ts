import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DIALECTS, openTestDatabase } from '../../testing/dialects.ts'
import { bumpCatalogRevision, readCatalogRevision } from './catalog-revision.ts'
import { type Database, openDatabase } from './open-database.ts'

function openOne(url: string): Database {
  const database = openDatabase({ url, maxConnections: 1, minIdleConnections: 0 })
  onTestFinished(() => database.close())
  return database
}

async function freshUrl(): Promise<string> {
  const { options } = await openTestDatabase('postgresql')
  return options.url ?? ''
}

interface Proxy {
  readonly url: string
  /** Cuts every connection and refuses new ones. */
  down(): void
  up(): Promise<void>
}

/** Stands between us and the server, to be taken away. */
async function startProxy(targetUrl: string): Promise<Proxy> {
  const target = new URL(targetUrl)
  const sockets = new Set<Socket>()
  let server: Server | undefined
  let port = 0
  const down = () => {
    server?.close()
    for (const socket of sockets) socket.resetAndDestroy()
    sockets.clear()
  }
  const up = async () => {
    server = createServer((inbound) => {
      const outbound = connect(Number(target.port), target.hostname)
      for (const socket of [inbound, outbound]) socket.on('error', () => undefined) && sockets.add(socket)
      inbound.pipe(outbound).pipe(inbound)
    })
    await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  }
  await up()
  onTestFinished(down)
  const url = new URL(targetUrl)
  url.port = String(port)
  return { url: url.href, down, up }
}

describe.runIf(DIALECTS.includes('postgresql'))('connections to PostgreSQL', () => {
  test('a server that is not there is unavailable, and no secret is in the text', async () => {
    const { db } = openOne('postgres://user:hunter2@127.0.0.1:1/none')
    const error = await readCatalogRevision(db).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'DATABASE_UNAVAILABLE', detail: { reason: 'unreachable' } })
    expect(String(error)).not.toContain('hunter2')
  })

  test('a database that does not exist is named as such', async () => {
    const url = new URL(await freshUrl())
    url.pathname = '/there_is_none'
    await expect(openOne(url.href).ping(20_000)).rejects.toThrow('Cannot use the database: there is no such database on the server')
  })

  // reliability.md F23
  test('a server that goes away and comes back is used again without a restart', async () => {
    const proxy = await startProxy(await freshUrl())
    const database = openOne(proxy.url)
    await database.ping(20_000)
    proxy.down()
    await expect(database.ping(20_000)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
    await proxy.up()
    await database.ping(20_000)
  })

  // Without a listener on a connection in use, Node ends the process here.
  test('a transaction whose connection breaks is unavailable, not half written', async () => {
    const proxy = await startProxy(await freshUrl())
    const { db } = openOne(proxy.url)
    const failing = db.transaction().execute(async (tx) => {
      await bumpCatalogRevision(tx)
      proxy.down()
      await proxy.up()
      await bumpCatalogRevision(tx)
    })
    await expect(failing).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
    expect(await readCatalogRevision(db)).toBe(0)
  })

  // reliability.md F24: the old primary comes back as a standby.
  test('a connection to a server that became read-only is not used again', async () => {
    const { db } = openOne(await freshUrl())
    await sql`set default_transaction_read_only = on`.execute(db)
    await expect(bumpCatalogRevision(db)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE', detail: { reason: 'read_only' } })
    await bumpCatalogRevision(db)
    expect(await readCatalogRevision(db)).toBe(1)
  })

  test('a statement that takes too long is cut off and its connection stays good', async () => {
    const { db } = openOne(await freshUrl())
    const pid = async () => (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)).rows[0]?.pid
    const before = await pid()
    const slow = db.transaction().execute(async (tx) => {
      await sql`set local statement_timeout = 10`.execute(tx)
      await sql`select pg_sleep(60)`.execute(tx)
    })
    await expect(slow).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE', detail: { reason: 'timeout' } })
    expect(await pid()).toBe(before)
  })

  test('a session has our limits and bears our name', async () => {
    const { db } = openOne(await freshUrl())
    const { rows } = await sql`select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
      current_setting('idle_in_transaction_session_timeout') as idle, current_setting('application_name') as name,
      current_setting('client_connection_check_interval') as check`.execute(db)
    expect(rows).toEqual([{ statement: '30s', lock: '10s', idle: '1min', name: 'terrace', check: '500ms' }])
  })

  // reliability.md P2: also where the database's own default would acknowledge earlier.
  test('a commit is on the disk before it is acknowledged, whatever the default is', async () => {
    const { db, options } = await openTestDatabase('postgresql')
    const name = new URL(options.url ?? '').pathname.slice(1)
    await sql`alter database ${sql.id(name)} set synchronous_commit = off`.execute(db)
    const { rows } = await sql`select current_setting('synchronous_commit') as commit`.execute(openOne(options.url ?? '').db)
    expect(rows).toEqual([{ commit: 'on' }])
  })

  test('queries beyond the size of the pool wait for their turn', async () => {
    const { db } = openOne(await freshUrl())
    await Promise.all(Array.from({ length: 10 }, () => bumpCatalogRevision(db)))
    expect(await readCatalogRevision(db)).toBe(10)
  })
})
