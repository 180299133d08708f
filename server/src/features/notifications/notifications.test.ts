import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deliverMails } from '../../base/mail/outbox.ts'
import { sendMail } from '../../jobs.ts'
import { DIALECTS } from '../../testing/dialects.ts'
import { type OpenTestApp, openTestApp } from '../../testing/test-app.ts'
import { startTestMailServer, type TestMailServer } from '../../testing/test-mail-server.ts'
import { addMember, type TestMember } from '../../testing/test-tenants.ts'
import { mailNotifications, type Notice, notify } from './index.ts'

const BASE = '/api/v1/admin/notifications'

interface NotificationAnswer {
  readonly id: string
  readonly subject: string
  readonly organization: string | null
  readonly read_at: string | null
  readonly read_by: string | null
}

interface ListAnswer {
  readonly items: readonly NotificationAnswer[]
  readonly total: number
}

describe.each(DIALECTS)('notifications on %s', (dialect) => {
  let app: OpenTestApp
  let mail: TestMailServer
  let red: TestMember
  let viewer: TestMember
  beforeAll(async () => {
    mail = await startTestMailServer()
    app = await openTestApp(dialect, {
      TFR_MULTI_TENANCY_ENABLED: 'true',
      TFR_NOTIFICATIONS_SMTP_HOST: 'localhost',
      TFR_NOTIFICATIONS_SMTP_PORT: String(mail.port),
      TFR_NOTIFICATIONS_SMTP_FROM: 'registry@example.com',
      TFR_NOTIFICATIONS_SMTP_CA_FILE: mail.caFile,
      TFR_NOTIFICATIONS_RECIPIENTS: 'ops@example.com,boss@example.com',
    })
    red = await addMember(app, { organization: 'red', username: 'ruby', role: 'admin' })
    viewer = await addMember(app, { organization: 'red', username: 'vera', role: 'viewer' })
  })
  afterAll(async () => {
    await app.close()
    await mail.close()
  })

  const tell = (subject: string, more: Partial<Notice> = {}) =>
    notify(app.deps.database.db, {
      at: app.deps.clock.now(),
      kind: 'package_quarantined',
      subject,
      message: `Cannot verify "${subject}": sha256 mismatch`,
      hint: 'Look at it: terrace quarantine list',
      dedupeKey: subject,
      ...more,
    })
  const list = async (query = '') => (await app.asAdmin({ url: `${BASE}?limit=100${query}` })).json<ListAnswer>()
  const subjectsOf = ({ items }: ListAnswer) => items.map(({ subject }) => subject)
  const idOf = async (subject: string) => (await list('&unread=true')).items.find((item) => item.subject === subject)?.id ?? ''
  const read = (id: string) => app.asAdmin({ method: 'POST', url: `/api/v1/admin/notifications/${id}/read` })

  test('one cause is told once until it was read, and then again', async () => {
    await tell('once')
    await tell('once', { message: 'The same cause' })
    expect(subjectsOf(await list('&unread=true')).filter((subject) => subject === 'once')).toHaveLength(1)
    const answer = await read(await idOf('once'))
    expect(answer.json()).toMatchObject({ subject: 'once', read_by: 'admin', read_at: expect.any(String) })
    expect(subjectsOf(await list('&unread=true'))).not.toContain('once')
    await tell('once')
    expect(subjectsOf(await list()).filter((subject) => subject === 'once')).toHaveLength(2)
    expect(subjectsOf(await list('&unread=false'))).toEqual(['once'])
  })

  test('they are listed newest first, by kind', async () => {
    await tell('older')
    await tell('newer', { at: app.deps.clock.now() + 1000 })
    const answer = await list('&kind=package_quarantined')
    expect(subjectsOf(answer).slice(0, 1)).toEqual(['newer'])
    expect(answer.total).toBe(answer.items.length)
    expect((await list('&kind=nothing')).total).toBe(0)
  })

  test('a mark is kept, and audited once with who made it', async () => {
    await tell('marked')
    const id = await idOf('marked')
    const first = (await read(id)).json<NotificationAnswer>()
    expect((await read(id)).json()).toEqual(first)
    const audit = (await app.asAdmin({ url: '/api/v1/audit?action=notification.read&limit=100' })).json<{ items: { object: string }[] }>()
    expect(audit.items.filter(({ object }) => object === id)).toHaveLength(1)
  })

  test('what is of an organisation is for its people, what is of the registry is not', async () => {
    await tell('of the registry')
    await tell('of red', { organizationId: red.organizationId })
    const seen = (await red.request({ url: BASE })).json<ListAnswer>()
    expect(seen.items).toMatchObject([{ subject: 'of red', organization: 'red' }])
    const foreign = await red.request({ method: 'POST', url: `${BASE}/${await idOf('of the registry')}/read` })
    expect(foreign.json()).toMatchObject({ status: 404, code: 'NOTIFICATION_NOT_FOUND' })
    expect((await viewer.request({ url: BASE })).json()).toMatchObject({ total: 1 })
    expect((await viewer.request({ method: 'POST', url: `${BASE}/${await idOf('of red')}/read` })).statusCode).toBe(403)
    expect((await red.request({ method: 'POST', url: '/api/v1/admin/notifications/read' })).json()).toEqual({ read: 1 })
    expect(await idOf('of the registry')).not.toBe('')
  })

  test('a key for certain namespaces marks nothing', async () => {
    const bound = await addMember(app, { organization: 'red', username: 'bea', role: 'admin', namespaces: ['acme'] })
    await tell('not for keys', { organizationId: red.organizationId })
    const answer = await bound.request({ method: 'POST', url: `${BASE}/${await idOf('not for keys')}/read` })
    expect(answer.json()).toMatchObject({ status: 403, code: 'SCOPE_MISSING' })
    expect((await bound.request({ method: 'POST', url: '/api/v1/admin/notifications/read' })).json()).toEqual({ read: 0 })
  })

  test('all are marked at once', async () => {
    await tell('one of many')
    const { total } = await list('&unread=true')
    expect((await app.asAdmin({ method: 'POST', url: '/api/v1/admin/notifications/read' })).json()).toEqual({ read: total })
    expect((await list('&unread=true')).total).toBe(0)
    expect((await app.asAdmin({ method: 'POST', url: '/api/v1/admin/notifications/read' })).json()).toEqual({ read: 0 })
  })

  test('without a credential nothing is told', async () => {
    expect((await app.request(BASE)).statusCode).toBe(401)
    expect((await app.asAdmin({ url: `${BASE}?unread=perhaps` })).statusCode).toBe(400)
    expect((await read('nothing')).statusCode).toBe(404)
  })

  test('each has one letter, to all recipients, however many look at the same time', async () => {
    await sendMail(app.deps)
    mail.received.length = 0
    await tell('registry.example.com/acme/widget 1.0.0 linux_amd64')
    await Promise.all([mailNotifications(app.deps), mailNotifications(app.deps)])
    await sendMail(app.deps)
    await sendMail(app.deps)
    expect(mail.received).toMatchObject([{ from: 'registry@example.com', to: ['ops@example.com', 'boss@example.com'] }])
    const text = (mail.received[0]?.message ?? '').replaceAll('=\r\n', '')
    for (const part of ['Subject: Terrace: registry.example.com/acme/widget', 'sha256 mismatch.', 'terrace quarantine list']) {
      expect(text).toContain(part)
    }
  })

  test('what was written long before there was anybody to write to has no letter', async () => {
    await sendMail(app.deps)
    await tell('long ago', { at: app.deps.clock.now() - 25 * 3_600_000 })
    expect(await mailNotifications(app.deps)).toBe(0)
    const { notifications, ...config } = app.deps.config
    await tell('to nobody')
    expect(await mailNotifications({ ...app.deps, config: { ...config, notifications: { ...notifications, recipients: [] } } })).toBe(0)
    expect(await mailNotifications(app.deps)).toBe(1)
    expect(await deliverMails(app.deps)).toEqual({ sent: 1, failed: 0 })
  })
})
