import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { newId } from '../../../base/ids.ts'
import { refreshSigningKeys } from '../../../jobs.ts'
import { DIALECTS, type Dialect } from '../../../testing/dialects.ts'
import { type LoopbackServer, startLoopbackServer } from '../../../testing/loopback-server.ts'
import { type TestApp, testApp } from '../../../testing/test-app.ts'
import { testClock } from '../../../testing/test-edge.ts'
import { readSigningKey } from '../../verification/index.ts'
import { trustSigningKey } from '../trust-signing-key.ts'

const HOST = 'registry.example.com'
const SCOPE = `${HOST}/acme`
const DAY_MS = 24 * 3_600_000
const hasGnupg = spawnSync('gpg', ['--version']).status === 0

interface Answer {
  readonly status?: number
  readonly body: string
  readonly headers?: Record<string, string>
}

describe.skipIf(!hasGnupg)('keys of GnuPG (when skipped: apt-get install gnupg)', () => {
  let home: string
  let server: LoopbackServer
  let answer: Answer
  let asked = 0

  const gpg = (args: readonly string[], input = ''): string =>
    execFileSync('gpg', ['--homedir', home, '--batch', '--no-tty', '--pinentry-mode', 'loopback', '--passphrase', '', ...args], {
      input,
      stdio: ['pipe', 'pipe', 'pipe'],
    }).toString()

  function makeKey(name: string, expires = '0'): void {
    gpg(['--quick-gen-key', `${name} <${name}@example.com>`, 'ed25519', 'sign', expires])
  }
  const armorOf = (...names: string[]) => gpg(['--armor', '--export', ...names.map((name) => `${name}@example.com`)])
  const keyOf = (name: string) => readSigningKey(armorOf(name))
  const revoke = (name: string, fingerprint: string) => {
    const certificate = execFileSync('cat', [join(home, 'openpgp-revocs.d', `${fingerprint}.rev`)]).toString()
    gpg(['--import'], certificate.replace(':-----BEGIN', '-----BEGIN'))
    return armorOf(name)
  }

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'gnupg-'))
    server = await startLoopbackServer((_request, response) => {
      asked += 1
      response.writeHead(answer.status ?? 200, { 'content-type': 'text/plain', ...answer.headers }).end(answer.body)
    })
    makeKey('acme', '2y')
    makeKey('stranger')
  }, 60_000)

  afterEach(() => {
    asked = 0
  })

  afterAll(async () => {
    await server.close()
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'])
    rmSync(home, { recursive: true, force: true })
  })

  interface Setting {
    readonly fingerprint: string
    readonly scope?: string
    readonly env?: Readonly<Record<string, string>>
    readonly mirrored?: boolean
  }

  async function open(dialect: Dialect, { fingerprint, scope = SCOPE, env = {}, mirrored = true }: Setting) {
    const clock = testClock(Date.now())
    const sources = [{ scope, url: `${server.url}/key.asc`, fingerprints: [fingerprint] }]
    const settings = { TFR_MIRROR_SIGNING_KEY_SOURCES: JSON.stringify(sources), TFR_OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8', ...env }
    const app = await testApp(dialect, settings, { clock })
    if (mirrored) {
      const payload = { name: `m-${newId()}`, upstream: HOST, providers: ['acme/widget'] }
      expect((await app.asAdmin({ method: 'POST', url: '/api/v1/admin/mirrors', payload })).statusCode).toBe(201)
    }
    return { app, clock }
  }

  const refresh = async ({ asAdmin }: TestApp, payload: object = {}) =>
    (await asAdmin({ method: 'POST', url: '/api/v1/admin/signing-keys/refresh', payload })).json()
  const keysOf = async ({ asAdmin }: TestApp) => (await asAdmin({ url: '/api/v1/admin/signing-keys' })).json().items
  const sourcesOf = async ({ asAdmin }: TestApp) => (await asAdmin({ url: '/api/v1/admin/signing-keys/sources' })).json().items
  const notesOf = async ({ deps }: TestApp) => deps.database.db.selectFrom('notifications').select(['kind', 'message', 'hint']).execute()
  const audited = async ({ asAdmin }: TestApp, action: string) =>
    (await asAdmin({ url: `/api/v1/audit?action=${action}` })).json<{ items: { outcome: string; details: object }[] }>().items

  describe.each(DIALECTS)('refreshed on %s', (dialect) => {
    test('the pinned key is trusted before anything was signed with it, and asked for once a day', async () => {
      const { fingerprint } = await keyOf('acme')
      const { app, clock } = await open(dialect, { fingerprint: fingerprint.toLowerCase() })
      answer = { body: armorOf('acme') }
      await refreshSigningKeys(app.deps)
      await refreshSigningKeys(app.deps)
      expect(asked).toBe(1)
      expect(await keysOf(app)).toMatchObject([{ scope: SCOPE, fingerprint, state: 'trusted', source: 'refreshed', expires_soon: false }])
      expect(await sourcesOf(app)).toMatchObject([{ scope: SCOPE, failure: null, succeeded_at: expect.any(String) }])
      expect(await audited(app, 'signing_key.refresh')).toMatchObject([{ details: { outcome: 'added' } }])
      clock.advance(DAY_MS)
      await refreshSigningKeys(app.deps)
      expect(asked).toBe(2)
    })

    // MIR-13's default names an address in the internet: nobody may be asked who mirrors nothing from there.
    test('nobody is asked without a mirror of the upstream, nor by a sealed server', async () => {
      const { fingerprint } = await keyOf('acme')
      answer = { body: armorOf('acme') }
      const { app } = await open(dialect, { fingerprint, mirrored: false })
      await refreshSigningKeys(app.deps)
      const sealed = await open(dialect, { fingerprint, env: { TFR_MIRROR_SEALED: 'true' } })
      await refreshSigningKeys(sealed.app.deps)
      expect(await refresh(sealed.app)).toMatchObject({ items: [{ outcome: 'failed', failure: expect.stringContaining('sealed') }] })
      expect(asked).toBe(0)
      const onDemand = { TFR_FEATURES_AUTO_DOWNLOAD_PROVIDERS: 'true', TFR_MIRROR_UPSTREAMS: HOST }
      const other = await open(dialect, { fingerprint, mirrored: false, env: onDemand })
      await refreshSigningKeys(other.app.deps)
      expect(asked).toBe(1)
    })

    test('a new sub-key and a later end are taken over, and a key that is recorded elsewhere gets them too', async () => {
      const name = `extended-${dialect}`
      makeKey(name, '30d')
      const before = armorOf(name)
      const { fingerprint } = await readSigningKey(before)
      const { app } = await open(dialect, { fingerprint })
      for (const scope of [SCOPE, `${HOST}/other`]) {
        await app.asAdmin({ method: 'POST', url: '/api/v1/admin/signing-keys', payload: { scope, ascii_armor: before } })
      }
      expect((await keysOf(app)).map((key: { expires_soon: boolean }) => key.expires_soon)).toEqual([true, true])
      gpg(['--quick-set-expire', fingerprint, '3y'])
      gpg(['--quick-add-key', fingerprint, 'ed25519', 'sign', '3y'])
      answer = { body: armorOf(name) }
      expect(await refresh(app, { scope: SCOPE })).toMatchObject({ items: [{ outcome: 'extended', fingerprint }] })
      expect((await keysOf(app)).map((key: { expires_soon: boolean }) => key.expires_soon)).toEqual([false, false])
      expect(await refresh(app)).toMatchObject({ items: [{ outcome: 'unchanged' }] })
      // An older copy takes nothing away.
      answer = { body: before }
      expect(await refresh(app)).toMatchObject({ items: [{ outcome: 'unchanged' }] })
    })

    test('a revocation is taken over, told once, and nothing more counts, whatever copy is announced', async () => {
      const name = `revoked-${dialect}`
      makeKey(name)
      const before = armorOf(name)
      const key = await readSigningKey(before)
      const provider = { hostname: HOST, namespace: 'acme', type: 'widget' }
      const { app } = await open(dialect, { fingerprint: key.fingerprint })
      const trust = () => trustSigningKey(app.deps, { provider, key, signedAt: Date.now(), source: 'announced' })
      await expect(trust()).resolves.toBeUndefined()
      answer = { body: revoke(name, key.fingerprint) }
      expect(await refresh(app)).toMatchObject({ items: [{ outcome: 'revoked' }] })
      expect(await refresh(app)).toMatchObject({ items: [{ outcome: 'unchanged' }] })
      await expect(trust()).rejects.toMatchObject({ code: 'SIGNING_KEY_CONFLICT', message: expect.stringContaining('has revoked it') })
      expect(await notesOf(app)).toMatchObject([{ kind: 'signing_key_changed', message: expect.stringContaining('has revoked it') }])
      const [{ id }] = await keysOf(app)
      expect((await app.asAdmin({ method: 'POST', url: `/api/v1/admin/signing-keys/${id}/accept` })).statusCode).toBe(409)
    })

    // Security: an older copy without the revocation must not be pinned afterwards.
    test('a key that is revoked when it is first seen is recorded as such', async () => {
      const name = `born-revoked-${dialect}`
      makeKey(name)
      const key = await keyOf(name)
      const { app } = await open(dialect, { fingerprint: key.fingerprint })
      answer = { body: revoke(name, key.fingerprint) }
      await refresh(app)
      expect(await keysOf(app)).toMatchObject([{ state: 'revoked' }])
      const provider = { hostname: HOST, namespace: 'acme', type: 'widget' }
      await expect(trustSigningKey(app.deps, { provider, key, signedAt: 0, source: 'announced' })).rejects.toThrow(/has revoked it/)
    })

    // Security: the fingerprint in the settings accepts a key that waits, but never one that its owner has taken back.
    test('a key that waits and is revoked is not accepted', async () => {
      const name = `waiting-revoked-${dialect}`
      makeKey(name)
      const key = await keyOf(name)
      const provider = { hostname: HOST, namespace: 'acme', type: 'widget' }
      const { app } = await open(dialect, { fingerprint: key.fingerprint })
      await trustSigningKey(app.deps, { provider, key, signedAt: Date.now(), source: 'announced' })
      // As if it was seen before the settings named it.
      await app.deps.database.db.updateTable('signingKeys').set({ state: 'pending' }).execute()
      answer = { body: revoke(name, key.fingerprint) }
      expect(await refresh(app)).toMatchObject({ items: [{ outcome: 'revoked' }] })
      expect(await keysOf(app)).toMatchObject([{ state: 'revoked' }])
    })

    test.each([
      ['another key', () => armorOf('stranger'), /its fingerprint is [0-9A-F]{40}, which is not pinned/],
      ['two keys in one file', () => armorOf('acme', 'stranger'), /it holds several keys/],
      ['two blocks in one file', () => armorOf('acme') + armorOf('stranger'), /it holds several armored blocks/],
      ['an HTML page', () => '<html>Sign in</html>', /it is not an armored public key block/],
      ['nothing', () => '', /it is not an armored public key block/],
      ['half a key', () => armorOf('acme').slice(0, 200), /it is not an armored public key block/],
    ])('%s changes nothing, is audited and told once', async (...[, body, reason]) => {
      const { fingerprint } = await keyOf('acme')
      const { app } = await open(dialect, { fingerprint })
      answer = { body: armorOf('acme') }
      await refresh(app)
      const before = await keysOf(app)
      answer = { body: body() }
      expect(await refresh(app)).toMatchObject({ items: [{ outcome: 'failed', failure: expect.stringMatching(reason) }] })
      await refresh(app)
      expect(await keysOf(app)).toEqual(before)
      expect(await notesOf(app)).toMatchObject([{ kind: 'signing_key_changed', message: expect.stringMatching(reason) }])
      expect((await audited(app, 'signing_key.refresh')).map(({ outcome }) => outcome)).toContain('error')
      expect(await sourcesOf(app)).toMatchObject([{ failure: expect.stringMatching(reason) }])
    })

    test('a server that asks to wait is left alone for so long, and nobody is told', async () => {
      const { fingerprint } = await keyOf('acme')
      const { app, clock } = await open(dialect, { fingerprint })
      answer = { status: 429, body: '', headers: { 'retry-after': '3000' } }
      await refreshSigningKeys(app.deps)
      expect(asked).toBe(1)
      answer = { body: armorOf('acme') }
      clock.advance(40 * 60_000)
      await refreshSigningKeys(app.deps)
      expect(asked).toBe(1)
      expect(await notesOf(app)).toEqual([])
      clock.advance(20 * 60_000)
      await refreshSigningKeys(app.deps)
      expect(await keysOf(app)).toMatchObject([{ fingerprint }])
    })

    test('where fingerprints are pinned, the first key that signs is not trusted unless it has one', async () => {
      const { fingerprint } = await keyOf('acme')
      const { app } = await open(dialect, { fingerprint, scope: `${SCOPE}/widget` })
      const provider = { hostname: HOST, namespace: 'acme', type: 'widget' }
      const trust = async (name: string, of = provider) =>
        trustSigningKey(app.deps, { provider: of, key: await keyOf(name), signedAt: Date.now(), source: 'announced' })
      await expect(trust('stranger')).rejects.toMatchObject({ code: 'SIGNING_KEY_CONFLICT' })
      await expect(trust('acme')).resolves.toBeUndefined()
      await expect(trust('acme', { ...provider, type: 'gadget' })).rejects.toMatchObject({ code: 'SIGNING_KEY_CONFLICT' })
    })

    // Security: what a sibling's upstream announces first must not sign for the provider whose fingerprint is pinned.
    test('the first key of a sibling does not sign for a provider with pinned fingerprints', async () => {
      const { fingerprint } = await keyOf('acme')
      const { app } = await open(dialect, { fingerprint, scope: `${SCOPE}/widget` })
      const key = await keyOf('stranger')
      const trust = async (type: string) =>
        trustSigningKey(app.deps, { provider: { hostname: HOST, namespace: 'acme', type }, key, signedAt: Date.now(), source: 'announced' })
      await expect(trust('gadget')).resolves.toBeUndefined()
      await expect(trust('widget')).rejects.toMatchObject({ code: 'SIGNING_KEY_CONFLICT' })
      await expect(trust('gadget')).resolves.toBeUndefined()
    })

    test('a scope without an address is not found', async () => {
      const { app } = await open(dialect, { fingerprint: 'A'.repeat(40) })
      const request = { method: 'POST', url: '/api/v1/admin/signing-keys/refresh', payload: { scope: `${HOST}/nobody` } } as const
      expect((await app.asAdmin(request)).statusCode).toBe(404)
    })
  })
})
