import { beforeAll, describe, expect, test } from 'vitest'
import { mirrorOnly, requires } from './harness/client-files.ts'
import { HERE } from './harness/current-platform.ts'
import { expectSuccess } from './harness/expect-client.ts'
import { MIRROR, startWorld, UPSTREAM, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'

/** Addresses that other products have taught people and programs (requirements.md C9, C16). */
describe('documented aliases', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld()
    await world.upstream.addProvider('acme/widget', { versions: { '1.0.0': { platforms: [HERE] }, '2.0.0': { platforms: [HERE] } } })
    return world.close
  })

  const definition = `provider "${UPSTREAM}/acme/widget" {\n  versions = ["1.0.0"]\n}\n`
  const json = async (path: string, init?: RequestInit) => {
    const response = await world.api.request(path, init)
    const text = await response.text()
    expect(response.ok, text).toBe(true)
    return (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
  }

  test('a definition is loaded and followed under /admin/api', async () => {
    const { id, job_id } = await json('/admin/api/providers/upload', {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: definition,
    })
    expect(id).toBe(job_id)
    await world.api.waitForJob(String(id))
    expect(await json(`/admin/api/jobs/${id}`)).toMatchObject({ state: 'completed' })
    expect(await json('/admin/api/jobs')).toEqual(await json('/api/v1/admin/jobs'))
    const retried = await world.api.request(`/admin/api/jobs/${id}/retry`, { method: 'POST' })
    expect(retried.status).toBe(409)
  })

  test('packages are listed, blocked and deleted under /admin/api', async () => {
    await world.api.load(definition.replace('1.0.0', '2.0.0'))
    const path = '/admin/api/providers?version=2.0.0'
    expect(await json(path)).toEqual(await json('/api/v1/admin/providers?version=2.0.0'))
    const [held] = (await json(path)).items as { version_id: string }[]
    const patch = { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: '{"blocked":true}' }
    await json(`/admin/api/providers/${held?.version_id}`, patch)
    expect(await json(path)).toMatchObject({ items: [{ blocked: true }] })
    await json(`/admin/api/providers/${held?.version_id}`, { method: 'DELETE' })
    expect(await json(path)).toMatchObject({ items: [] })
  })

  test('the mirror documents under /v1/providers are those under /v1/mirror', async () => {
    await world.api.load(definition)
    const [index, mirrorIndex] = [
      await json(`/v1/providers/${UPSTREAM}/acme/widget/index.json`),
      await json(`/v1/mirror/${UPSTREAM}/acme/widget/index.json`),
    ]
    expect(index).toEqual(mirrorIndex)
    const hashesAt = async (path: string) => ((await json(path)).archives as Record<string, { hashes: string[] }>)[HERE]?.hashes
    expect(await hashesAt(`/v1/providers/${UPSTREAM}/acme/widget/1.0.0.json`)).toEqual(
      await hashesAt(`/v1/mirror/${UPSTREAM}/acme/widget/1.0.0.json`),
    )
  })

  test.skipIf(reportMissing('terraform'))('an init takes the alias of the mirror for a mirror', async () => {
    await world.api.load(definition)
    const cliConfig = mirrorOnly(`https://${MIRROR}/v1/providers/`)
    const client = world.workspace({ files: requires(`${UPSTREAM}/acme/widget`, '1.0.0'), cliConfig })
    expect(expectSuccess(await client.run(['init'])).text).toContain('(verified checksum)')
  })
})
