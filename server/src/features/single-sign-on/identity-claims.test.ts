import { describe, expect, test } from 'vitest'
import { readIdentity } from './identity-claims.ts'
import { listProviders, type SignOnProvider } from './sign-on-providers.ts'

const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const GROUP_ROLES = [{ group: 'g', organization: 'default', role: 'viewer' }]
const AZURE_AD = {
  enabled: true,
  title: 'Microsoft',
  tenantId: TENANT.toUpperCase(),
  clientId: 'c',
  clientSecret: 's',
  authority: 'https://login.microsoftonline.com/',
  groupsClaim: 'groups',
  createUsers: true,
  groupRoles: GROUP_ROLES,
  defaultRole: '',
}

function providers(): { entra: SignOnProvider; oidc: SignOnProvider } {
  const oidc = {
    name: 'acme',
    issuer: 'https://id.example.com',
    clientId: 'c',
    groupsClaim: 'roles',
    groupRoles: GROUP_ROLES,
    emailClaim: 'mail',
  }
  const [first, second] = listProviders({ auth: { oidc: [oidc], azureAd: AZURE_AD } })
  if (first === undefined || second === undefined) throw new Error('two providers were configured')
  return { oidc: first, entra: second }
}

describe('claims of Entra ID', () => {
  const { entra } = providers()
  const claims = { iss: entra.issuer, sub: 'pairwise', tid: TENANT, oid: 'object', preferred_username: 'mia@acme.com', name: 'Mia' }

  test('a person is the object id within the tenant', () => {
    expect(entra.issuer).toBe(`https://login.microsoftonline.com/${TENANT}/v2.0`)
    expect(readIdentity(entra, claims)).toEqual({
      issuer: entra.issuer,
      subject: `${TENANT}:object`,
      email: null,
      displayName: 'Mia',
      nameHint: 'mia@acme.com',
      groups: [],
    })
  })

  test.each([{ tid: 'another' }, { tid: '' }, { oid: undefined }])('%j is refused', (change) => {
    expect(() => readIdentity(entra, { ...claims, ...change })).toThrow('does not verify')
  })

  // "nOAuth": the address is whatever an administrator of the tenant typed.
  test('an e-mail address counts only when Microsoft has verified its domain', () => {
    const unverified = { ...claims, email: 'boss@acme.com', email_verified: true }
    expect(readIdentity(entra, unverified).email).toBeNull()
    expect(readIdentity(entra, { ...unverified, xms_edov: 1 }).email).toBe('boss@acme.com')
    expect(readIdentity(entra, { ...unverified, xms_edov: false }).email).toBeNull()
  })

  test.each([{ _claim_names: { groups: 'src1' } }, { hasgroups: true }])(
    'groups that do not fit (%j) are refused, not taken for none',
    (overage) => {
      expect(() => readIdentity(entra, { ...claims, ...overage })).toThrow('did not list the groups')
    },
  )
})

describe('claims of an OpenID provider', () => {
  const { oidc } = providers()
  const claims = { iss: oidc.issuer, sub: 's', mail: 'Mia@Acme.com', mail_verified: 'true' }

  test('whether an address is verified is read from the claim beside it', () => {
    expect(readIdentity(oidc, claims).email).toBe('mia@acme.com')
    expect(() => readIdentity(oidc, { ...claims, mail_verified: undefined, email_verified: true })).toThrow('does not vouch')
  })

  test('groups may be a list or one text, and anything else is no group', () => {
    expect(readIdentity(oidc, { ...claims, roles: ['a', 1, null, { b: 1 }, 'c'] }).groups).toEqual(['a', 'c'])
    expect(readIdentity(oidc, { ...claims, roles: 'a' }).groups).toEqual(['a'])
  })

  test('an unverified address is as good as none where none is needed', () => {
    const lenient = { ...oidc, requireVerifiedEmail: false }
    expect(readIdentity(lenient, { ...claims, mail_verified: false }).email).toBeNull()
  })
})
