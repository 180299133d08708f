import { generateKey, readKey } from 'openpgp'
import { describe, expect, test } from 'vitest'
import { systemOrigin } from '../../base/http/edge-types.ts'
import { DIALECTS } from '../../testing/dialects.ts'
import { createTestSigningKey } from '../../testing/fake-upstream/test-signing-key.ts'
import { testApp } from '../../testing/test-app.ts'
import { readSigningKey } from '../verification/index.ts'
import { decideOnSigningKey } from './decide-signing-key.ts'
import { listSigningKeysOf } from './signing-key-queries.ts'
import { trustSigningKey } from './trust-signing-key.ts'

const provider = { hostname: 'registry.example.com', namespace: 'acme', type: 'widget' }
const signedAt = Date.UTC(2026, 5, 1)

async function aKey(name: string) {
  return readSigningKey((await createTestSigningKey(name)).asciiArmor)
}

describe.each(DIALECTS)('trust in signing keys on %s', (dialect) => {
  test('the first key is pinned, another one waits', async () => {
    const { deps } = await testApp(dialect)
    const [first, second] = await Promise.all([aKey('first'), aKey('second')])
    await expect(trustSigningKey(deps, { provider, signedAt, key: first, source: 'announced' })).resolves.toBeUndefined()
    await expect(trustSigningKey(deps, { provider, signedAt, key: second, source: 'announced' })).rejects.toMatchObject({
      code: 'SIGNING_KEY_CONFLICT',
      message: expect.stringContaining(`key ${first.fingerprint} is pinned`),
    })
  })

  // Security: rejecting a stolen key must not open the namespace to whoever announces the next one.
  test('after the pinned key was rejected, the next key waits for an administrator', async () => {
    const { deps } = await testApp(dialect)
    const [stolen, next] = await Promise.all([aKey('stolen'), aKey('next')])
    await trustSigningKey(deps, { provider, signedAt, key: stolen, source: 'announced' })
    const [pinned] = await listSigningKeysOf(deps.database.db, provider)
    await decideOnSigningKey(deps, { id: pinned?.id ?? '', state: 'rejected', by: systemOrigin('test') })

    await expect(trustSigningKey(deps, { provider, signedAt, key: next, source: 'announced' })).rejects.toMatchObject({
      code: 'SIGNING_KEY_CONFLICT',
      message: expect.stringContaining('no other key is trusted'),
    })
    const rows = await listSigningKeysOf(deps.database.db, provider)
    expect(rows.map(({ state }) => state)).toEqual(['rejected', 'pending'])
  })

  test('a rejected key is refused although the configuration names it', async () => {
    const { deps } = await testApp(dialect)
    const key = await aKey('configured')
    const configured = { ...deps, trustedKeys: { forProvider: () => [key.asciiArmor] } }
    await trustSigningKey(configured, { provider, signedAt, key, source: 'announced' })
    const [row] = await listSigningKeysOf(deps.database.db, provider)
    await decideOnSigningKey(deps, { id: row?.id ?? '', state: 'rejected', by: systemOrigin('test') })
    await expect(trustSigningKey(configured, { provider, signedAt, key, source: 'announced' })).rejects.toMatchObject({
      code: 'SIGNING_KEY_CONFLICT',
    })
  })

  // Security: a file that the settings name for one provider must not become a key of the namespace.
  test('a key that is configured for one provider signs nothing for its sibling', async () => {
    const { deps } = await testApp(dialect)
    const key = await aKey('configured')
    const forWidget = { forProvider: ({ type }: { type: string }) => (type === provider.type ? [key.asciiArmor] : []) }
    const configured = { ...deps, trustedKeys: forWidget }
    await expect(trustSigningKey(configured, { provider, signedAt, key, source: 'announced' })).resolves.toBeUndefined()
    const sibling = { ...provider, type: 'gadget' }
    await expect(trustSigningKey(configured, { provider: sibling, signedAt, key, source: 'announced' })).rejects.toMatchObject({
      code: 'SIGNING_KEY_CONFLICT',
    })
  })

  // Clients refuse what a sub-key signed when the key they are given does not have it (protocol.md C18).
  test('a pinned key that got a new sub-key is recorded with it', async () => {
    const { deps, asAdmin } = await testApp(dialect)
    const { privateKey } = await generateKey({ type: 'ecc', userIDs: [{ name: 'acme' }], format: 'object', subkeys: [{ sign: true }] })
    const before = await readSigningKey(privateKey.toPublic().armor())
    const after = await readSigningKey((await privateKey.addSubkey({ sign: true })).toPublic().armor())
    await trustSigningKey(deps, { provider, signedAt, key: before, source: 'announced' })
    await trustSigningKey(deps, { provider, signedAt, key: after, source: 'announced' })
    // An older copy that comes later takes nothing away.
    await trustSigningKey(deps, { provider, signedAt, key: before, source: 'announced' })

    const [row, ...others] = await listSigningKeysOf(deps.database.db, provider)
    expect(others).toEqual([])
    expect((await readKey({ armoredKey: row?.asciiArmor ?? '' })).getSubkeys()).toHaveLength(2)
    expect((await asAdmin({ url: '/api/v1/audit?action=signing_key.extend' })).json()).toMatchObject({ total: 1 })
  })

  test('pinning a key is audited', async () => {
    const { deps, asAdmin } = await testApp(dialect)
    const key = await aKey('audited')
    await trustSigningKey(deps, { provider, signedAt, key, source: 'announced' })
    const { items } = (await asAdmin({ method: 'GET', url: '/api/v1/audit' })).json<{ items: { action: string; object: string }[] }>()
    expect(items).toContainEqual(
      expect.objectContaining({ action: 'signing_key.record', object: `registry.example.com/acme ${key.fingerprint}` }),
    )
  })
})
