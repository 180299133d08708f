import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readEnvironment } from '../environment.ts'
import { chooseServer, readServerUrl } from './choose-server.ts'
import type { StoredCredentials } from './credentials-file.ts'

const STORED: StoredCredentials = {
  version: 1,
  current: 'https://stored.example',
  servers: { 'https://stored.example': { token: 't', username: 'ada', expires_at: '2030-01-01T00:00:00Z' } },
}
const NOTHING: StoredCredentials = { version: 1, current: null, servers: {} }

let folder: string
let localCa: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terrace-choose-'))
  localCa = join(folder, 'data/tls/ca.pem')
  await mkdir(join(folder, 'data/tls'), { recursive: true })
  await writeFile(localCa, 'pem')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Given {
  readonly server?: string
  readonly caFile?: string
  readonly env?: Record<string, string>
  readonly stored?: StoredCredentials
  readonly here?: boolean
}

function choose({ env = {}, stored = NOTHING, here = false, ...options }: Given) {
  return chooseServer({ options, environment: readEnvironment(env), stored, cwd: here ? folder : '/nowhere' })
}

describe('the server', () => {
  // ux.md 6: flags, environment, user file, what is found here.
  test.each<[string, Given, string]>([
    [
      'flag',
      { server: 'https://flag.example', env: { TERRACE_SERVER: 'https://env.example' }, stored: STORED, here: true },
      'https://flag.example',
    ],
    ['variable', { env: { TERRACE_SERVER: 'https://env.example' }, stored: STORED, here: true }, 'https://env.example'],
    ['stored', { stored: STORED, here: true }, 'https://stored.example'],
    ['local', { here: true }, 'https://localhost:8443'],
    ['empty variable', { env: { TERRACE_SERVER: '' }, stored: STORED }, 'https://stored.example'],
  ])('is that of the %s', (_name, given, url) => {
    expect(choose(given).url).toBe(url)
  })

  test('must be known from somewhere', () => {
    expect(() => choose({})).toThrow('Cannot choose a server: no address is given')
  })

  test.each([
    ['registry.example.com', 'https://registry.example.com'],
    ['localhost:8443', 'https://localhost:8443'],
    ['HTTP://Registry.Example.com:80/', 'http://registry.example.com'],
    ['https://münchen.example', 'https://xn--mnchen-3ya.example'],
  ])('%s is read as %s', (text, url) => {
    expect(readServerUrl(text)).toBe(url)
  })

  test.each(['https://user:secret@h', 'https://h/path', 'https://h?x=1', 'https://h#x', 'https://', 'ftp://h', ''])(
    '%j is refused',
    (text) => {
      expect(() => readServerUrl(text)).toThrow('it is no address of the form https://HOST[:PORT]')
    },
  )
})

describe('the certificates', () => {
  test('of a local server are trusted for addresses of this machine only', () => {
    expect(choose({ here: true }).caFile).toBe(localCa)
    expect(choose({ server: 'https://127.0.0.1:9000', here: true }).caFile).toBe(localCa)
    expect(choose({ server: 'https://registry.example.com', here: true }).caFile).toBeUndefined()
    expect(choose({ server: 'https://localhost.example.com', here: true }).caFile).toBeUndefined()
  })

  test('are those of the flag, else of the variable, else those that the server was trusted by at sign-in', () => {
    const stored: StoredCredentials = {
      ...STORED,
      servers: { 'https://stored.example': { token: 't', username: 'ada', expires_at: '2030-01-01T00:00:00Z', ca_file: localCa } },
    }
    const env = { TERRACE_CA_FILE: 'env.pem' }
    expect(choose({ caFile: 'flag.pem', env, stored }).caFile).toBe('flag.pem')
    expect(choose({ env, stored }).caFile).toBe('env.pem')
    expect(choose({ stored }).caFile).toBe(localCa)
    expect(choose({ server: 'https://other.example', stored }).caFile).toBeUndefined()
  })
})
