import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DIALECTS, openTestDatabase } from '../../testing/dialects.ts'
import { checkEncryptionKey } from './check-encryption-key.ts'
import { loadSecrets, type Secrets } from './load-secrets.ts'
import { createSealer } from './sealer.ts'

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'terrace-secrets-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

function load(dataDir: string, { jwtSecret = '', encryptionKey = '' } = {}): Promise<Secrets> {
  return loadSecrets({ config: { auth: { jwtSecret }, security: { encryptionKey } }, dataDir })
}

const KEY = Buffer.alloc(32, 7)

describe('secrets', () => {
  test('are made at the first start and read at the second', async () => {
    const dataDir = temporaryFolder()
    const first = await load(dataDir)
    const second = await load(dataDir)
    expect({ ...second, seal: 0, unseal: 0 }).toEqual({ ...first, seal: 0, unseal: 0 })
    expect(second.unseal(first.seal('text', 'purpose'), 'purpose')).toBe('text')
  })

  test('lie in files that only the owner can read, and nothing is left beside them', async () => {
    const dataDir = temporaryFolder()
    await load(dataDir)
    const folder = join(dataDir, 'secrets')
    expect(readdirSync(folder).sort()).toEqual(['encryption.key', 'jwt.key'])
    expect(statSync(join(folder, 'jwt.key')).mode & 0o777).toBe(0o600)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  test('are the same for processes that start at once', async () => {
    const dataDir = temporaryFolder()
    const all = await Promise.all(Array.from({ length: 8 }, () => load(dataDir)))
    expect(new Set(all.map(({ encryptionKeyCheck }) => encryptionKeyCheck)).size).toBe(1)
    expect(new Set(all.map(({ jwtKey }) => Buffer.from(jwtKey).toString('hex'))).size).toBe(1)
  })

  test('configured keys leave no file', async () => {
    const dataDir = temporaryFolder()
    await load(dataDir, { jwtSecret: 'j'.repeat(32), encryptionKey: 'e'.repeat(32) })
    expect(readdirSync(dataDir)).toEqual([])
  })

  test('the same 32 bytes in hexadecimal and base64 are the same key', async () => {
    const dataDir = temporaryFolder()
    const texts = [KEY.toString('hex'), KEY.toString('base64'), KEY.toString('base64url')]
    const checks = await Promise.all(texts.map(async (encryptionKey) => (await load(dataDir, { encryptionKey })).encryptionKeyCheck))
    expect(new Set(checks).size).toBe(1)
  })

  test('no derived key equals another one', async () => {
    const { jwtKey, csrfKey, linkKey, apiKeyKey, setupTokenKey } = await load(temporaryFolder())
    const keys = [jwtKey, csrfKey, linkKey, apiKeyKey, setupTokenKey].map((key) => Buffer.from(key).toString('hex'))
    expect(new Set(keys).size).toBe(5)
  })

  test('a damaged file is an error and stays as it is', async () => {
    const dataDir = temporaryFolder()
    await load(dataDir)
    const path = join(dataDir, 'secrets', 'encryption.key')
    writeFileSync(path, 'short')
    await expect(load(dataDir)).rejects.toThrow('does not hold 32 bytes')
    expect(readFileSync(path, 'utf8')).toBe('short')
  })
})

describe('sealer', () => {
  test('opens what it sealed', () => {
    const sealer = createSealer(KEY)
    expect(sealer.unseal(sealer.seal('größe', 'p'), 'p')).toBe('größe')
  })

  test('never seals twice alike', () => {
    const sealer = createSealer(KEY)
    expect(sealer.seal('text', 'p')).not.toBe(sealer.seal('text', 'p'))
  })

  test.each<[string, (sealed: string) => string, ReturnType<typeof createSealer>?]>([
    ['text sealed with another key', (sealed) => sealed, createSealer(Buffer.alloc(32, 8))],
    ['a changed byte', (sealed) => sealed.slice(0, 8) + (sealed[8] === 'A' ? 'B' : 'A') + sealed.slice(9)],
    ['a shortened text', (sealed) => sealed.slice(0, 12)],
    ['a text without its prefix', (sealed) => sealed.slice(3)],
  ])('does not open %s', (_name, change, sealer = createSealer(KEY)) => {
    const sealed = createSealer(KEY).seal('text', 'p')
    expect(() => sealer.unseal(change(sealed), 'p')).toThrow('Cannot unseal the "p"')
  })

  // Else a sealed value could be moved to a column whose content is shown.
  test('does not open a text for another purpose', () => {
    const sealer = createSealer(KEY)
    expect(() => sealer.unseal(sealer.seal('text', 'p'), 'q')).toThrow('Cannot unseal the "q"')
  })
})

describe.each(DIALECTS)('encryption key check on %s', (dialect) => {
  test('accepts the key that came first and refuses another one', async () => {
    const { db } = await openTestDatabase(dialect)
    const mine = await load(temporaryFolder())
    const other = await load(temporaryFolder())
    await checkEncryptionKey(db, mine)
    await checkEncryptionKey(db, mine)
    await expect(checkEncryptionKey(db, other)).rejects.toThrow('Cannot start: the encryption key is not the one')
  })

  test('of several that come at once, exactly one key wins', async () => {
    const { db } = await openTestDatabase(dialect)
    const keys = await Promise.all(Array.from({ length: 4 }, () => load(temporaryFolder())))
    const outcomes = await Promise.allSettled(keys.map((key) => checkEncryptionKey(db, key)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})
