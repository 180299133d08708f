import { SCOPES, type Scope } from '../features/access/index.ts'
import { createApiKeySecret } from '../features/accounts/api-keys/api-key-secrets.ts'
import type { TestApp } from '../testing/test-app.ts'
import { addMember } from '../testing/test-tenants.ts'
import { addKey, addOwner, addSession, addTrustRule } from './credentials.ts'
import type { Worth } from './decide.ts'
import { SUFFICIENT } from './expectations.ts'

/** One way to ask. */
export interface CredentialKind {
  readonly name: string
  readonly worth: Worth
  /** For one request: a session may end with it. */
  headers(): Promise<Readonly<Record<string, string>>> | Readonly<Record<string, string>>
}

const ALL_SCOPES = Object.keys(SCOPES) as Scope[]
const ADMIN = { registry: ['admin'], organization: [], isSession: false } as const
const MEMBER = { registry: [], organization: ['admin'], isSession: false } as const

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const basic = (user: string, password: string) => ({ authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` })
const kind = (name: string, worth: Worth, headers: CredentialKind['headers']): CredentialKind => ({ name, worth, headers })
const fixed = (name: string, worth: Worth, headers: Readonly<Record<string, string>>) => kind(name, worth, () => headers)

/** Every kind of credential, on a server for several organisations. */
export async function credentialKinds(app: TestApp): Promise<CredentialKind[]> {
  const owner = await addOwner(app, { scopes: ['admin'] })
  const disabled = await addOwner(app, { scopes: ['admin'], disabled: true })
  return [
    ...withoutRight(),
    ...(await sessions(app, { owner, disabled })),
    ...(await keys(app, { owner, disabled })),
    ...(await organizationKeys(app, owner)),
  ]
}

function withoutRight(): CredentialKind[] {
  const unknown = createApiKeySecret()
  return [
    fixed('none', 'none', {}),
    // protocol.md L-8, E18.
    fixed('an empty token', 'none', { authorization: 'Bearer ' }),
    fixed('an unknown key', 'wrong', bearer(unknown)),
    fixed('a mistyped key', 'wrong', bearer(`${unknown.slice(0, -1)}!`)),
    fixed('two words', 'wrong', { authorization: `Bearer ${unknown} ${unknown}` }),
    fixed('an unknown scheme', 'wrong', { authorization: 'Digest username="admin"' }),
    // reliability.md row 25: the account's password is no credential of the API.
    fixed('the password of an account', 'wrong', basic('admin', 'correct horse battery')),
  ]
}

interface Owners {
  readonly owner: string
  readonly disabled: string
}

async function sessions(app: TestApp, { owner, disabled }: Owners): Promise<CredentialKind[]> {
  const dead = [
    ['an expired session', await addSession(app, { userId: owner, expired: true })],
    ['a revoked session', await addSession(app, { userId: owner, revoked: true })],
    ['a session of a disabled user', await addSession(app, { userId: disabled })],
  ] as const
  const fresh = async () => bearer((await addSession(app, { userId: owner })).token)
  return [
    kind('a session', { ...ADMIN, isSession: true }, fresh),
    ...dead.map(([name, { token }]) => fixed(name, 'wrong', bearer(token))),
    fixed('a session under another key', 'wrong', bearer(forged((await addSession(app, { userId: owner })).token))),
  ]
}

/** The same claims, another signature. */
function forged(token: string): string {
  const [header = '', claims = '', signature = ''] = token.split('.')
  return [header, claims, [...signature].reverse().join('')].join('.')
}

async function keys(app: TestApp, { owner, disabled }: Owners): Promise<CredentialKind[]> {
  const nobody = await addOwner(app, { scopes: [] })
  return [
    fixed('a key', ADMIN, bearer(await addKey(app, { userId: owner }))),
    fixed('a key as a password', ADMIN, basic('anybody', await addKey(app, { userId: owner }))),
    fixed('a login token', ADMIN, bearer(await addKey(app, { userId: owner, kind: 'login' }))),
    fixed('a key for some namespaces', { ...ADMIN, isBound: true }, bearer(await addKey(app, { userId: owner, namespaces: ['acme'] }))),
    fixed('an expired key', 'wrong', bearer(await addKey(app, { userId: owner, expired: true }))),
    fixed('a revoked key', 'wrong', bearer(await addKey(app, { userId: owner, revoked: true }))),
    fixed('a revoked login token', 'wrong', bearer(await addKey(app, { userId: owner, kind: 'login', revoked: true }))),
    fixed('a key of a disabled user', 'wrong', bearer(await addKey(app, { userId: disabled }))),
    fixed('a key of nobody', 'wrong', bearer(await addKey(app, {}))),
    fixed('a key of somebody without rights', { ...ADMIN, registry: [] }, bearer(await addKey(app, { userId: nobody }))),
    ...(await Promise.all(ALL_SCOPES.map((scope) => keyOf(app, owner, scope)))),
    ...(await Promise.all(ALL_SCOPES.map((scope) => keyWithout(app, scope)))),
  ]
}

async function keyOf(app: TestApp, owner: string, scope: Scope): Promise<CredentialKind> {
  return fixed(`a key for ${scope}`, { ...ADMIN, registry: [scope] }, bearer(await addKey(app, { userId: owner, scopes: [scope] })))
}

/** A key for everything, whose owner has every scope but the needed one: the key is no wider than its owner. */
async function keyWithout(app: TestApp, scope: Scope): Promise<CredentialKind> {
  const rest = ALL_SCOPES.filter((other) => !SUFFICIENT[scope].includes(other))
  const owner = await addOwner(app, { scopes: rest })
  return fixed(`a key of somebody without ${scope}`, { ...ADMIN, registry: rest }, bearer(await addKey(app, { userId: owner })))
}

async function organizationKeys(app: TestApp, owner: string): Promise<CredentialKind[]> {
  const member = await addMember(app, { organization: 'blue', username: 'bob', role: 'admin' })
  const { organizationId } = member
  const [rule, deadRule] = await Promise.all([false, true].map((isDisabled) => addTrustRule(app, { organizationId, disabled: isDisabled })))
  const ofRule = (trustRuleId: string, change = {}) => addKey(app, { kind: 'ci', trustRuleId, organizationId, ...change })
  const reader: Worth = { ...MEMBER, organization: ['modules:read', 'providers:read', 'mirrors:read'] }
  const viewer = await addMember(app, { organization: 'blue', username: 'bea', role: 'viewer' })
  return [
    fixed('a key of an administrator of one organisation', MEMBER, bearer(member.key)),
    fixed('a key of a viewer in one organisation', reader, bearer(viewer.key)),
    kind('a session of an administrator of one organisation', { ...MEMBER, isSession: true }, async () =>
      bearer((await addSession(app, { userId: member.userId })).token),
    ),
    fixed('a key for one organisation', MEMBER, bearer(await addKey(app, { userId: owner, organizationId }))),
    fixed('a key of a pipeline', MEMBER, bearer(await ofRule(rule ?? ''))),
    fixed('an expired key of a pipeline', 'wrong', bearer(await ofRule(rule ?? '', { expired: true }))),
    fixed('a key of a disabled rule', 'wrong', bearer(await ofRule(deadRule ?? ''))),
  ]
}
