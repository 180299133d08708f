import { execFileSync, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Clock } from '../clock.ts'
import { ensureLocalTls, type LocalTls } from './local-ca.ts'

const DAY_MS = 86_400_000

let dir: string
let nowMs: number
const clock: Clock = { now: () => nowMs }

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'terrace-tls-'))
  nowMs = Date.now()
  return () => rm(dir, { recursive: true, force: true })
})

const ensure = (hostnames: string[] = []): Promise<LocalTls> => ensureLocalTls({ dir: join(dir, 'tls'), hostnames, clock })

describe('local certificate authority', () => {
  test('the second start makes nothing anew', async () => {
    const first = await ensure()
    const second = await ensure()
    expect(first.created).toBe(true)
    expect(second).toEqual({ ...first, created: false })
  })

  test('starts at the same time end with one authority that every certificate is signed by', async () => {
    const all = await Promise.all([ensure(['a.example']), ensure(['b.example']), ensure(['c.example'])])
    expect(new Set(all.map(({ caPem }) => caPem)).size).toBe(1)
    expect(all.filter(({ created }) => created)).toHaveLength(1)
    for (const { cert, caPem } of all) expect(new X509Certificate(cert).verify(new X509Certificate(caPem).publicKey)).toBe(true)
    expect((await readdir(join(dir, 'tls'))).sort()).toEqual(['ca.key', 'ca.pem', 'server.pem'])
  })

  test('a start that was killed between key and certificate is completed by the next one', async () => {
    const first = await ensure()
    await rm(first.caPath)
    const second = await ensure()
    expect(second.created).toBe(true)
    expect(new X509Certificate(first.cert).verify(new X509Certificate(second.caPem).publicKey)).toBe(true)
    expect(second.cert).toBe(first.cert)
  })

  test('secrets are for the owner only, the authority certificate is for everybody', async () => {
    await ensure()
    const modeOf = async (name: string) => ((await stat(join(dir, 'tls', name))).mode & 0o777).toString(8)
    expect(await Promise.all(['ca.key', 'server.pem', 'ca.pem'].map(modeOf))).toEqual(['600', '600', '644'])
  })

  test('a damaged authority stops the start and stays as it is', async () => {
    const { caPath } = await ensure()
    await writeFile(caPath, 'damaged')
    await expect(ensure()).rejects.toThrow(`Cannot read "${caPath}": it is damaged`)
    expect(await readFile(caPath, 'utf8')).toBe('damaged')
  })

  test('an authority near its end gets a new certificate for the same key', async () => {
    const first = await ensure()
    nowMs += 3640 * DAY_MS
    const second = await ensure()
    expect(second.created).toBe(true)
    const [before, after] = [new X509Certificate(first.caPem), new X509Certificate(second.caPem)]
    expect(after.publicKey.equals(before.publicKey)).toBe(true)
    expect(after.subject).toBe(before.subject)
    expect(Date.parse(after.validTo)).toBeGreaterThan(nowMs + 3600 * DAY_MS)
  })
})

describe('local server certificate', () => {
  test('is renewed when it ends within 30 days, by the same authority', async () => {
    const first = await ensure()
    nowMs += 366 * DAY_MS
    expect((await ensure()).cert).toBe(first.cert)
    nowMs += 2 * DAY_MS
    const renewed = await ensure()
    expect(renewed.cert).not.toBe(first.cert)
    expect(renewed.caPem).toBe(first.caPem)
  })

  test('is renewed when the names change', async () => {
    const first = await ensure(['terrace.example'])
    const second = await ensure(['other.example'])
    expect(second.cert).not.toBe(first.cert)
    expect(new X509Certificate(second.cert).subjectAltName).toContain('DNS:other.example')
  })

  test('stays when the same names come in another order or writing', async () => {
    const first = await ensure(['terrace.example', 'Καφές.example', 'fd00:0::7'])
    expect(new X509Certificate(first.cert).subjectAltName).toContain('DNS:xn--')
    const again = await ensure(['[fd00::7]', 'localhost', 'TERRACE.example.', 'terrace.example', 'καφές.example'])
    expect(again.cert).toBe(first.cert)
  })

  test('leaves out what is no host name', async () => {
    const { cert } = await ensure(['', 'a b', 'x_y', '-a', '*'])
    expect(new X509Certificate(cert).subjectAltName).toBe('IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:localhost')
  })

  test.each(['localhost', '127.0.0.1', '[::1]'])('a client that trusts the authority is served at %s', async (host) => {
    const { caPem, cert, key } = await ensure()
    const server = createServer({ cert, key }, (_request, response) => response.end('served'))
    await new Promise<void>((resolve) => server.listen(0, host === '[::1]' ? '::1' : '127.0.0.1', resolve))
    const dispatcher = new Agent({ connect: { ca: caPem } })
    onTestFinished(async () => {
      await dispatcher.destroy()
      server.close()
    })
    const { port } = server.address() as AddressInfo
    const response = await request(`https://${host}:${port}/`, { dispatcher })
    expect(await response.body.text()).toBe('served')
    await expect(request(`https://${host}:${port}/`)).rejects.toThrow(/self-signed|unable to verify/)
  })

  test('OpenSSL accepts the chain in strict mode for the name, and refuses another name', async ({ skip }) => {
    skip(spawnSync('openssl', ['version']).error !== undefined, 'openssl is missing: apt-get install openssl')
    const { caPath, cert } = await ensure(['terrace.example'])
    const certPath = join(dir, 'cert.pem')
    await writeFile(certPath, cert)
    const verify = (name: string): string =>
      execFileSync('openssl', ['verify', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', name, '-CAfile', caPath, certPath], {
        encoding: 'utf8',
        stdio: 'pipe',
      })
    expect(verify('terrace.example')).toBe(`${certPath}: OK\n`)
    expect(() => verify('other.example')).toThrow(/hostname mismatch/i)
  })
})
