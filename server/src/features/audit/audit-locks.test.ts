import { expect, test } from 'vitest'
import { DIALECTS } from '../../testing/dialects.ts'
import { type ModulePublish, publishModule } from '../../testing/publish-modules.ts'
import { publishNew } from '../../testing/publish-requests.ts'
import { type TestApp, testApp } from '../../testing/test-app.ts'
import { verifyChain } from './chain/verify-chain.ts'

const WITHOUT_LIMITS = { TFR_RATE_LIMIT_ENABLED: 'false' }
const CHANGES = 50
const LONG_MS = 60_000

/** Changes that lock rows of their own, the catalog revision and the audit in every order that there is. */
function change(app: TestApp, index: number, versionId: string): Promise<{ readonly statusCode: number; readonly body: string }> {
  const json = (method: 'POST' | 'PATCH', url: string, payload: object) => app.asAdmin({ method, url, payload })
  const changes = [
    () => json('POST', '/api/v1/apikeys', { name: `key ${index}`, scopes: ['providers:read'] }),
    () => json('PATCH', `/api/v1/admin/providers/${versionId}`, { deprecated: true, deprecation_message: `by ${index}` }),
    () => json('PATCH', '/api/v1/modules/acme/net/aws', { deprecated: index % 2 === 0, message: 'old' }),
    () => json('POST', '/api/v1/auth/login', { username: 'admin', password: 'correct horse battery' }),
    () => publishModule(app, { address: 'acme/net/aws', version: `2.0.${index}`, files: { 'main.tf': `# ${index}\n` } }),
    () => publishModule(app, newModule(index)),
  ]
  const run = changes[index % changes.length] ?? changes[0]
  return run?.() ?? Promise.reject(new Error('There is no change'))
}

/** Every second one in a namespace that has no owner yet; neighbours bring the same words, which are new to the search. */
function newModule(index: number): ModulePublish {
  const namespace = Math.floor(index / 6) % 2 === 0 ? 'acme' : `team${index}`
  const word = String.fromCodePoint(0x61 + Math.floor(index / 24))
  const words = Array.from({ length: 20 }, (_, number) => `${word}gateway${number}`).join(' ')
  return { address: `${namespace}/network-${index}/aws`, files: { 'README.md': `# Network\n\n${words}\n`, 'main.tf': '# net\n' } }
}

test.skipIf(!DIALECTS.includes('postgresql'))(
  'changes that two replicas make at once wait for each other and never in a circle',
  async () => {
    const here = await testApp('postgresql', WITHOUT_LIMITS)
    const there = await testApp('postgresql', WITHOUT_LIMITS, { beside: here })
    const { id } = await listedVersion(here)
    const changes = Array.from({ length: 2 * CHANGES }, (_, index) => change(index % 2 === 0 ? here : there, index, id))
    const answers = await Promise.all(changes)
    expect(answers.filter(({ statusCode }) => statusCode >= 300).map(({ statusCode, body }) => `${statusCode} ${body}`)).toEqual([])
    const { checked, problem } = await verifyChain(here.deps.database.db)
    expect(problem).toBeUndefined()
    expect(checked).toBeGreaterThan(2 * CHANGES)
  },
  LONG_MS,
)

async function listedVersion(app: TestApp): Promise<{ id: string }> {
  await publishNew(app)
  await publishModule(app, { address: 'acme/net/aws', version: '1.0.0', files: { 'main.tf': '# net\n' } })
  const { items } = (await app.asAdmin({ url: '/api/v1/admin/providers' })).json<{ items: { id: string }[] }>()
  if (items[0] === undefined) throw new Error('There is no version')
  return items[0]
}
