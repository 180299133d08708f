import { SYSTEM_MIRROR_POLICIES } from '../base/database/seed-rows.ts'
import { newId } from '../base/ids.ts'
import { notify } from '../features/notifications/index.ts'
import { modulePublishRequest } from '../testing/publish-modules.ts'
import { publishRequest } from '../testing/publish-requests.ts'
import type { TestApp } from '../testing/test-app.ts'
import { addMember, type TestMember } from '../testing/test-tenants.ts'
import { addKey, addSession, addTrustRule } from './credentials.ts'

/** Values of the parameters of a route. */
export type Values = Readonly<Record<string, string>>

/** What belongs to an organisation, by the beginning of the addresses that name it: values that exist, and that do not. */
export interface ForeignObject {
  readonly prefix: string
  readonly theirs: Values
  readonly missing: Values
}

/** Two organisations that do not know each other; the first has one of everything. */
export interface Tenants {
  readonly red: TestMember
  readonly blue: TestMember
  readonly objects: readonly ForeignObject[]
}

/** An id that nothing has. */
export const NO_ID = '01900000-0000-7000-8000-00000000dead'
// Words that occur in no answer by themselves: they are taken out before answers are compared.
export const RED = 'red-works'
/** The organisation of whoever asks. */
export const BLUE = 'blue-works'
const MISSING = 'nobodys-paints'
/** A private namespace of the first. */
export const SECRET = 'hidden-paints'

/** Makes the organisations, and fills the first. */
export async function openTenants(app: TestApp): Promise<Tenants> {
  const red = await addMember(app, { organization: RED, username: 'ruby', role: 'admin' })
  const blue = await addMember(app, { organization: BLUE, username: 'bob', role: 'admin' })
  await expectDone(red, await publishRequest({ name: `${SECRET}/widget` }))
  await expectDone(red, await modulePublishRequest({ address: `${SECRET}/net/aws` }))
  await expectDone(red, { method: 'PATCH', url: `/api/v1/namespaces/${SECRET}`, payload: { visibility: 'private' } })
  const role = { name: 'master-painter', scopes: ['modules:read'] }
  await expectDone(red, { method: 'POST', url: `/api/v1/organizations/${RED}/role-templates`, payload: role })
  return { red, blue, objects: await foreignObjects(app, red) }
}

async function expectDone(by: TestMember, request: Parameters<TestMember['request']>[0]): Promise<void> {
  const { statusCode, body } = await by.request(request)
  if (statusCode >= 300) throw new Error(`${request.method} ${String(request.url)}: ${statusCode} ${body}`)
}

async function foreignObjects(app: TestApp, red: TestMember): Promise<ForeignObject[]> {
  const { items } = (await red.request({ url: `/api/v1/admin/providers?namespace=${SECRET}` })).json<{ items: HeldPackage[] }>()
  const [held] = items
  if (held === undefined) throw new Error('Nothing was published')
  const { id: session } = await addSession(app, { userId: red.userId })
  const keyId = await idOfKey(app, red)
  const jobId = await addJob(app)
  const ids = { session_id: session, user_id: red.userId }
  const noIds = { session_id: NO_ID, user_id: NO_ID, id: NO_ID }
  const inNamespace = (prefix: string, rest: Values): ForeignObject => ({
    prefix,
    theirs: { namespace: SECRET, ...rest },
    missing: { namespace: MISSING, ...rest },
  })
  const byId = (prefix: string, id: string): ForeignObject => ({ prefix, theirs: { ...ids, id }, missing: noIds })
  const provider = { type: 'widget', version: '1.0.0', os: 'linux', arch: 'amd64', hostname: 'localhost', file: '1.0.0.json' }
  const module = { name: 'net', system: 'aws', version: '1.0.0' }
  return [
    inNamespace('/v1/providers/', provider),
    inNamespace('/v1/mirror/', provider),
    inNamespace('/v1/modules/', module),
    inNamespace('/api/v1/modules/', module),
    { prefix: '/api/v1/namespaces/', theirs: { name: SECRET }, missing: { name: MISSING } },
    {
      prefix: '/api/v1/organizations/',
      theirs: { name: RED, user_id: red.userId, role: 'master-painter' },
      missing: { name: MISSING, user_id: NO_ID, role: MISSING },
    },
    byId('/api/v1/admin/providers/', held.id),
    byId('/api/v1/admin/providers/', held.version_id),
    byId('/admin/api/providers/', held.version_id),
    byId('/api/v1/apikeys/', keyId),
    byId('/api/v1/api-keys/', keyId),
    byId('/api/v1/auth/sessions/', session),
    byId('/api/v1/users/', red.userId),
    byId('/api/v1/trust-rules/', await addTrustRule(app, { organizationId: red.organizationId, disabled: false })),
    byId('/api/v1/admin/mirrors/', await createMirror(red)),
    ...SYSTEM_MIRROR_POLICIES.slice(0, 1).map(({ id }) => byId('/api/v1/admin/mirror-policies/', id)),
    byId('/api/v1/admin/mirror-approvals/', await addApprovalRequest(app)),
    byId('/api/v1/admin/signing-keys/', await addSigningKey(app)),
    byId('/api/v1/admin/quarantine/', await addQuarantined(app)),
    byId('/api/v1/admin/notifications/', await addNotification(app, red)),
    await addImport(app).then((id) => ({
      prefix: '/api/v1/admin/imports/',
      theirs: { ...provider, ...module, namespace: SECRET, id },
      missing: { ...provider, ...module, namespace: MISSING, id: NO_ID },
    })),
    byId('/api/v1/admin/upstream-modules/', await addUpstreamModule(app)),
    byId('/api/v1/admin/jobs/', jobId),
    byId('/admin/api/jobs/', jobId),
  ]
}

interface HeldPackage {
  readonly id: string
  readonly version_id: string
}

async function idOfKey(app: TestApp, { userId, organizationId }: TestMember): Promise<string> {
  await addKey(app, { userId, organizationId })
  const keys = app.deps.database.db.selectFrom('apiKeys').select('id').where('userId', '=', userId)
  return (await keys.where('organizationId', 'is not', null).executeTakeFirstOrThrow()).id
}

/** A mirror of an organisation that never runs by itself. */
export const mirrorOf = (organization: string, name: string) => ({
  name,
  organization,
  upstream: 'registry.example.com',
  providers: ['acme/widget'],
  enabled: false,
})

async function createMirror(by: TestMember): Promise<string> {
  const payload = mirrorOf(RED, 'master-mirror')
  return (await by.request({ method: 'POST', url: '/api/v1/admin/mirrors', payload })).json<{ id: string }>().id
}

async function addSigningKey({ deps }: TestApp): Promise<string> {
  const id = newId()
  const row = {
    id,
    hostname: 'registry.example.com',
    namespace: 'acme',
    fingerprint: 'A'.repeat(40),
    keyId: 'A'.repeat(16),
    userId: 'acme',
    asciiArmor: '',
    source: 'announced',
    state: 'pending',
    createdAt: deps.clock.now(),
    decidedAt: null,
    decidedBy: null,
  }
  await deps.database.db.insertInto('signingKeys').values(row).execute()
  return id
}

async function addApprovalRequest({ deps }: TestApp): Promise<string> {
  const id = newId()
  const about = { kind: 'approval', hostname: 'registry.example.com', namespace: 'acme', type: 'widget', version: null }
  const wish = { state: 'pending', reason: 'test', requestedBy: 'test', requestedById: null, needed: 1, approvals: 0, decidedAt: null }
  const row = { id, ...about, ...wish, createdAt: deps.clock.now() }
  await deps.database.db.insertInto('mirrorApprovalRequests').values(row).execute()
  return id
}

async function addQuarantined({ deps }: TestApp): Promise<string> {
  const id = newId()
  const about = {
    hostname: 'registry.example.com',
    namespace: 'acme',
    type: 'widget',
    version: '1.0.0',
    os: 'linux',
    arch: 'amd64',
  } as const
  const found = { step: 'checksum', code: 'CHECKSUM_MISMATCH', message: 'test', evidence: '{}', createdAt: deps.clock.now() }
  await deps.database.db
    .insertInto('quarantinedPackages')
    .values({ id, ...about, ...found })
    .execute()
  return id
}

async function addNotification({ deps }: TestApp, { organizationId }: TestMember): Promise<string> {
  const { database, clock } = deps
  const texts = { subject: 'widget', message: 'It was refused', hint: 'Look at it', dedupeKey: 'widget' }
  await notify(database.db, { at: clock.now(), kind: 'package_quarantined', ...texts, organizationId })
  const notifications = database.db.selectFrom('notifications').select('id').where('organizationId', '=', organizationId)
  return (await notifications.executeTakeFirstOrThrow()).id
}

async function addImport({ deps }: TestApp): Promise<string> {
  const id = newId()
  const counts = { added: 0, addedBytes: 0, refused: 0 }
  const about = { kind: 'bundle', name: 'test', signedBy: null, listing: '', options: '{}', createdBy: 'test', finishedAt: null }
  await deps.database.db
    .insertInto('bundleImports')
    .values({ id, ...about, ...counts, createdAt: deps.clock.now() })
    .execute()
  return id
}

async function addUpstreamModule({ deps }: TestApp): Promise<string> {
  const id = newId()
  const address = { hostname: 'registry.example.com', namespace: 'acme', name: 'net', system: 'aws' }
  const digests = { size: 1, sha256: 'a', contentSha256: 'a', receivedSha256: null }
  const origin = { sourceKind: 'git', sourceUrl: 'https://git.example.com/acme/net', gitRef: null, commitSha: null, subdir: '' }
  const stored = { storageBackend: 'local', storageKey: `upstream-modules/${id}` }
  const made = { createdAt: deps.clock.now(), createdBy: 'test', damagedAt: null }
  const keys = { namespaceKey: 'acme', nameKey: 'net', version: '1.0.0' }
  const row = { id, ...address, ...keys, ...digests, ...origin, ...stored, ...made }
  await deps.database.db.insertInto('upstreamModuleVersions').values(row).execute()
  return id
}

async function addJob({ deps }: TestApp): Promise<string> {
  const id = newId()
  const row = {
    id,
    kind: 'provider.load_definition',
    title: 'test',
    state: 'completed',
    createdBy: 'test',
    createdAt: deps.clock.now(),
    startedAt: null,
    finishedAt: null,
  }
  await deps.database.db.insertInto('downloadJobs').values(row).execute()
  return id
}
