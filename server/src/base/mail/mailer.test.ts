import { connect } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { startTestMailServer, type TestMailServer } from '../../testing/test-mail-server.ts'
import { createMailer, MailError, type MailerOptions } from './mailer.ts'

const LETTER = { to: ['mia@example.com'], subject: 'Hello', text: 'A letter.\n', id: 'letter.1' }

async function start(options: Parameters<typeof startTestMailServer>[0]): Promise<TestMailServer> {
  const server = await startTestMailServer(options)
  onTestFinished(() => server.close())
  return server
}

const mailerFor = ({ port, caFile }: TestMailServer, changes: Partial<MailerOptions> = {}) =>
  createMailer({
    host: 'localhost',
    port,
    username: 'terrace',
    password: 'canary password',
    from: 'Registry <registry@example.com>',
    tls: 'starttls',
    caFile,
    ...changes,
  })

test.each([
  ['starttls', {}],
  ['implicit', { secure: true }],
] as const)('a letter goes out encrypted with %s', async (tls, options) => {
  const server = await start(options)
  await mailerFor(server, { tls }).send(LETTER)
  expect(server.received).toMatchObject([{ from: 'registry@example.com', to: ['mia@example.com'], secure: true, username: 'terrace' }])
  expect(server.received[0]?.message).toMatch(/^Message-ID: <letter\.1@example\.com>\r?$/m)
  expect(server.received[0]?.message).toContain('A letter.')
})

test('whom the server refuses is told, the others get the letter', async () => {
  const server = await start({ refusedAddress: 'tom@example.com' })
  expect(await mailerFor(server).send({ ...LETTER, to: ['mia@example.com', 'tom@example.com'] })).toEqual({ refused: ['tom@example.com'] })
  expect(server.received).toMatchObject([{ to: ['mia@example.com'] }])
})

test('without a user name nobody signs in', async () => {
  const server = await start({})
  await mailerFor(server, { username: '', password: '' }).send(LETTER)
  expect([server.received.length, server.passwords]).toEqual([1, []])
})

// Never in clear, whatever the server offers: it could be somebody in between who takes STARTTLS out.
test.each([
  ['does not offer STARTTLS', { hideSTARTTLS: true, disabledCommands: ['STARTTLS'] }],
  ['offers it and then refuses', { disabledCommands: ['STARTTLS'] }],
])('a server that %s gets neither password nor letter', async (_what, options) => {
  const server = await start({ ...options, allowInsecureAuth: true })
  const sending = mailerFor(server).send(LETTER)
  await expect(sending).rejects.toThrow(MailError)
  expect([server.received, server.passwords]).toEqual([[], []])
})

test('a server in clear gets nothing where implicit TLS is meant', async () => {
  const server = await start({ hideSTARTTLS: true, allowInsecureAuth: true })
  await expect(mailerFor(server, { tls: 'implicit' }).send(LETTER)).rejects.toThrow(MailError)
  expect([server.received, server.passwords]).toEqual([[], []])
})

// requirements.md SEC-22.
test('TLS 1.1 is refused', async () => {
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  const server = await start({ secure: true, ...old })
  const spoken = await new Promise((resolve, reject) => {
    const socket = connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false, ...old }, () => {
      resolve(socket.getProtocol())
      socket.destroy()
    })
    socket.on('error', reject)
  })
  expect(spoken).toBe('TLSv1.1')
  await expect(mailerFor(server, { tls: 'implicit' }).send(LETTER)).rejects.toThrow(MailError)
  expect(server.received).toEqual([])
})

test.each([
  ['for another name', { host: '127.0.0.2' }],
  ['of an unknown CA', { caFile: '' }],
])('a certificate %s is refused', async (_what, changes) => {
  const server = await start({ secure: true })
  await expect(mailerFor(server, { tls: 'implicit', ...changes }).send(LETTER)).rejects.toThrow(MailError)
  expect(server.received).toEqual([])
})

test('a failure tells server and code, whether others would fail too, and no secret', async () => {
  const server = await start({ refusedAddress: 'mia@example.com' })
  const refused = await mailerFor(server)
    .send(LETTER)
    .catch((error: unknown) => error)
  expect(refused).toMatchObject({
    serverAway: false,
    message: `Cannot send mail through "localhost:${server.port}": EENVELOPE, the server answered 550`,
  })
  await mailerFor(server).send({ ...LETTER, to: ['tom@example.com'] })
  await server.close()
  const away = await mailerFor(server)
    .send(LETTER)
    .catch((error: unknown) => error)
  expect(away).toMatchObject({ serverAway: true })
  expect(JSON.stringify([refused, away, String(away)])).not.toContain('canary')
})
