import { describe, expect, onTestFinished, test } from 'vitest'
import { page, startFakeApi } from '../testing/fake-api.ts'
import { terraceHome } from '../testing/run-terrace.ts'

describe('signing-key', () => {
  const FINGERPRINT = 'C874011F0AB405110D02105534365D9472D7468F'
  const KEY = { id: 'k1', hostname: 'registry.terraform.io', namespace: 'acme', fingerprint: FINGERPRINT, state: 'pending' }

  test.each([[FINGERPRINT], ['0x34365d9472d7468f'], ['k1']])('accept finds the key by %s', async (name) => {
    const home = await terraceHome(onTestFinished)
    const { url } = await startFakeApi(onTestFinished, {
      'GET /api/v1/admin/signing-keys': page([KEY]),
      'POST /api/v1/admin/signing-keys/k1/accept': { json: { ...KEY, state: 'trusted' } },
    })
    const { code, stderr } = await home.run(['signing-key', 'accept', name, '--server', url])
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining(`Trusted ${FINGERPRINT} for "registry.terraform.io/acme"\n`),
    })
  })

  test('a fingerprint that is known for several namespaces must be told apart', async () => {
    const home = await terraceHome(onTestFinished)
    const { url, requests } = await startFakeApi(onTestFinished, {
      'GET /api/v1/admin/signing-keys': page([KEY, { ...KEY, id: 'k2', namespace: 'other' }]),
    })
    const { code, stderr } = await home.run(['signing-key', 'reject', FINGERPRINT, '--server', url])
    expect(code).toBe(2)
    expect(stderr).toContain('Use an id: k1 (registry.terraform.io/acme), k2 (registry.terraform.io/other)')
    expect(requests).toHaveLength(1)
  })
})
