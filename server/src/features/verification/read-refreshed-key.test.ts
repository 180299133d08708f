import { readFileSync } from 'node:fs'
import { generateKey, type PrivateKey, readKey, revokeKey } from 'openpgp'
import { beforeAll, describe, expect, test } from 'vitest'
import { readRefreshedKey } from './read-refreshed-key.ts'

const makeKey = async (name: string): Promise<PrivateKey> => {
  const options = { type: 'ecc', curve: 'ed25519Legacy', format: 'object', date: new Date('2020-01-01') } as const
  return (await generateKey({ ...options, userIDs: [{ name }], subkeys: [{ sign: true }] })).privateKey
}
const publicArmor = (key: PrivateKey): string => key.toPublic().armor()

/** Sub-keys and user ids of an armored key. */
async function partsOf(armor: string) {
  const key = await readKey({ armoredKey: armor })
  return { subkeys: key.getSubkeys().map((subkey) => subkey.getFingerprint()), users: key.getUserIDs() }
}

describe('a key as its owner publishes it now', () => {
  let own: PrivateKey
  let stranger: PrivateKey
  beforeAll(async () => {
    ;[own, stranger] = await Promise.all([makeKey('acme'), makeKey('stranger')])
  })

  test('brings a new sub-key into the copy that is known, and an older one takes nothing away', async () => {
    const known = publicArmor(own)
    const extended = publicArmor(await own.addSubkey({ sign: true }))
    const { key } = await readRefreshedKey(extended, known)
    expect((await partsOf(key.asciiArmor)).subkeys).toHaveLength(2)
    expect((await readRefreshedKey(known, key.asciiArmor)).key.asciiArmor).toBe(key.asciiArmor)
  })

  // Security: whoever holds the address, but not the key, adds nothing to it.
  test.each(['known', 'new'] as const)('brings no foreign sub-key or user id, %s or not', async (what) => {
    const before = await readKey({ armoredKey: publicArmor(own) })
    const forged = await readKey({ armoredKey: publicArmor(own) })
    const foreign = await readKey({ armoredKey: publicArmor(stranger) })
    forged.subkeys.push(...foreign.subkeys)
    forged.users.unshift(...foreign.users)
    const { key } = await readRefreshedKey(forged.armor(), what === 'known' ? before.armor() : undefined)
    expect(await partsOf(key.asciiArmor)).toEqual(await partsOf(before.armor()))
    expect(key.userId).toBe('acme')
  })

  test('keeps a revocation, also when an older copy comes later', async () => {
    const { publicKey } = await revokeKey({ key: stranger, format: 'object' })
    const revoked = await readRefreshedKey(publicKey.armor(), publicArmor(stranger))
    expect(revoked.isRevoked).toBe(true)
    expect(await readRefreshedKey(publicArmor(stranger), revoked.key.asciiArmor)).toMatchObject({ isRevoked: true })
  })

  test('loses nothing of a real one: HashiCorp’s, with the fingerprint that the settings pin by default', async () => {
    const armor = readFileSync(new URL('./vectors/hashicorp.asc', import.meta.url), 'utf8')
    const { key, isRevoked } = await readRefreshedKey(armor)
    expect([key.fingerprint, isRevoked]).toEqual(['C874011F0AB405110D02105534365D9472D7468F', false])
    expect(await partsOf(key.asciiArmor)).toEqual(await partsOf(armor))
    expect((await partsOf(armor)).subkeys.length).toBeGreaterThan(1)
  })

  test('is not mixed with the copy of another one', async () => {
    const { key } = await readRefreshedKey(publicArmor(own), publicArmor(await makeKey('other')))
    expect(key.fingerprint).toBe(own.getFingerprint().toUpperCase())
  })
})
