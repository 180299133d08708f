import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { assembleConfig } from '../assemble-config.ts'
import { ConfigError } from '../config-error.ts'
import { checkRules } from '../config-rules.ts'
import { loadConfig } from '../load-config.ts'
import { maskedSettings, printConfig } from '../print-config.ts'

const OIDC = { name: 'okta', issuer: 'https://id.example.com/oauth2', client_id: 'terrace' }
const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const ENTRA = {
  'auth.azure_ad.enabled': true,
  'auth.azure_ad.tenant_id': TENANT,
  'auth.azure_ad.client_id': 'c',
  'auth.azure_ad.client_secret': 'abc8Q~0123456789.value',
}

function findings(values: Record<string, unknown>): string[] {
  return checkRules(assembleConfig(new Map(Object.entries(values)), '/srv')).map(({ keys, problem }) => `${keys[0]} ${problem}`)
}

describe('providers that people sign in with', () => {
  test.each([
    ['an issuer', { 'auth.oidc': [OIDC] }],
    ['two of them', { 'auth.oidc': [OIDC, { ...OIDC, name: 'google', issuer: 'https://accounts.google.com' }] }],
    ['one on this machine', { 'auth.oidc': [{ ...OIDC, issuer: 'http://127.0.0.1:8090/realms/a' }] }],
    ['Entra ID', ENTRA],
    ['Entra ID that is not offered', { 'auth.azure_ad.tenant_id': 'common' }],
  ])('%s', (_name, values) => {
    expect(findings(values)).toEqual([])
  })

  test.each([
    [{ name: 'Okta' }, 'the name must have 1 to 40 lower-case letters, digits and "-", not "Okta"'],
    [{ name: 'azure-ad' }, 'the name "azure-ad" is taken'],
    [{ issuer: 'id.example.com' }, 'the issuer of "okta" must be an address like https://id.example.com'],
    [{ issuer: 'http://id.example.com' }, 'the issuer of "okta" must begin with https://'],
    [{ issuer: 'http://127.evil.example' }, 'the issuer of "okta" must begin with https://'],
    [{ issuer: 'https://id.example.com/?a=b' }, 'the issuer of "okta" must not have a query, a fragment or a user'],
    [{ scopes: ['email'] }, 'the scopes of "okta" need "openid"'],
    [{ group_roles: [{ group: 'a', organization: 'b', role: 'c' }] }, '"okta" needs "groups_claim" for its "group_roles"'],
    [{ allowed_email_domains: ['@acme.com'] }, '"allowed_email_domains" of "okta" must hold domains in lower case, not "@acme.com"'],
    [
      { allowed_email_domains: ['acme.com'], require_verified_email: false },
      '"okta" cannot have "allowed_email_domains" without verified e-mail addresses',
    ],
  ])('%j is refused', (change, problem) => {
    expect(findings({ 'auth.oidc': [{ ...OIDC, ...change }] })).toEqual([`auth.oidc ${problem}`])
  })

  test('two with one name are refused', () => {
    expect(findings({ 'auth.oidc': [OIDC, OIDC] })).toEqual(['auth.oidc the name "okta" is taken'])
  })

  test.each(['common', 'organizations', 'consumers', '', 'acme.onmicrosoft.com'])('the tenant "%s" is refused', (tenant) => {
    expect(findings({ ...ENTRA, 'auth.azure_ad.tenant_id': tenant })).toEqual([
      'auth.azure_ad.tenant_id must be the UUID of one directory; "common" would let in every Microsoft account',
    ])
  })

  test('Entra ID needs a client and its secret, and https', () => {
    const values = { 'auth.azure_ad.client_id': '', 'auth.azure_ad.client_secret': '', 'auth.azure_ad.authority': 'http://evil.example' }
    expect(findings({ ...ENTRA, ...values })).toEqual([
      'auth.azure_ad.client_id is needed when "auth.azure_ad.enabled" is true',
      'auth.azure_ad.client_secret is needed when "auth.azure_ad.enabled" is true',
      'auth.azure_ad.authority must begin with https://',
    ])
  })

  test.each([TENANT, 'short'])('the secret of Entra ID is not "%s"', (secret) => {
    expect(findings({ ...ENTRA, 'auth.azure_ad.client_secret': secret })).toEqual([
      'auth.azure_ad.client_secret must be the value of the client secret, not its ID',
    ])
  })

  // reliability.md row 30.
  test('a client secret is shown neither by the settings nor by a problem with them', async () => {
    const secret = 'canary-of-the-client'
    const { config } = await loadConfig({ env: { TFR_AUTH_OIDC: JSON.stringify([{ ...OIDC, client_secret: secret }]) }, cwd: '/srv' })
    expect(config.auth.oidc[0]?.clientSecret).toBe(secret)
    const shown = printConfig(config) + JSON.stringify(maskedSettings(config))
    expect(shown).toContain('********')
    expect(shown).not.toContain(secret)
    const broken = loadConfig({ env: { TFR_AUTH_OIDC: JSON.stringify([{ ...OIDC, client_secret: 424_242 }]) }, cwd: '/srv' })
    const error = await broken.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as ConfigError).message).toContain('auth.oidc[0].client_secret')
    expect((error as ConfigError).message).not.toContain('424242')
  })
})

const GUIDE = readFileSync(new URL('../../../../docs/single-sign-on.md', import.meta.url), 'utf8')
const EXAMPLES = [...GUIDE.matchAll(/```hcl\n(.*?)```/gs)].map(([, text = '']) => text)

test.each(EXAMPLES)('example %# of the guide is a valid configuration', async (text) => {
  const folder = mkdtempSync(join(tmpdir(), 'terrace-guide-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'terrace.hcl')
  writeFileSync(file, text)
  const { config } = await loadConfig({ file, env: {}, cwd: folder })
  const { oidc, azureAd } = config.auth
  expect(oidc.length + Number(azureAd.enabled)).toBe(1)
})
