import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS, type Dialect } from '../../../testing/dialects.ts'
import { testApp } from '../../../testing/test-app.ts'
import { createTestCertificates } from '../../../testing/test-certificates.ts'
import { GITLAB_CLAIMS, startTestIssuer, type TestIssuer } from '../../../testing/test-issuer.ts'

let folder: string
let caFile: string
let issuer: TestIssuer
beforeAll(async () => {
  const certificates = await createTestCertificates()
  folder = await mkdtemp(join(tmpdir(), 'terrace-issuer-'))
  caFile = join(folder, 'ca.pem')
  await writeFile(caFile, certificates.ca)
  issuer = await startTestIssuer('', certificates)
})
afterAll(async () => {
  await issuer.close()
  await rm(folder, { recursive: true })
})

async function exchange(dialect: Dialect, settings: Readonly<Record<string, string>>) {
  const app = await testApp(dialect, { TFR_OUTBOUND_ALLOWED_NETWORKS: '127.0.0.1/32', ...settings })
  const rule = {
    name: 'release',
    issuer: issuer.issuer,
    audience: 'terrace',
    claims: { sub: GITLAB_CLAIMS.sub },
    scopes: ['modules:write'],
  }
  const added = await app.asAdmin({ method: 'POST', url: '/api/v1/trust-rules', payload: rule })
  expect(added.statusCode, added.body).toBe(201)
  const token = await issuer.sign(GITLAB_CLAIMS)
  return await app.request({ method: 'POST', url: '/api/v1/auth/token-exchange', payload: { token } })
}

describe.each(DIALECTS)('an issuer with a certificate of a CA of its own on %s', (dialect) => {
  test('is asked when its CA is named', async () => {
    const response = await exchange(dialect, { TFR_AUTH_CI_ISSUER: JSON.stringify({ [issuer.issuer]: { ca_file: caFile } }) })
    expect(response.statusCode, response.body).toBe(200)
    expect(response.json()).toMatchObject({ scopes: ['modules:write'] })
  })

  test('is not trusted otherwise, nor by the CA of another one', async () => {
    for (const settings of [{}, { TFR_AUTH_CI_ISSUER: JSON.stringify({ 'https://other.example.com': { ca_file: caFile } }) }]) {
      const response = await exchange(dialect, settings)
      expect(response.json()).toMatchObject({ code: 'UPSTREAM_REFUSED' })
    }
  })
})
