import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FakeUpstream, startFakeUpstream } from '../../testing/fake-upstream/fake-upstream.ts'
import { ORIGIN } from '../../testing/mirror-jobs.ts'
import { onDemandApp } from '../../testing/on-demand.ts'
import { missingOf, signedPlan } from '../../testing/test-bundles.ts'

let upstream: FakeUpstream
beforeAll(async () => {
  upstream = await startFakeUpstream()
})
afterAll(() => upstream.close())

test('a package that an upstream offers is fetched by following its link, and then in the bundle', async () => {
  await upstream.addProvider('lazy/widget', { versions: { '1.0.0': { platforms: ['linux_amd64', 'darwin_arm64'] } } })
  const app = await onDemandApp('sqlite', upstream)
  const body = { source: 'lock_file', lock_file: `provider "${ORIGIN}/lazy/widget" {\n  version = "1.0.0"\n}\n` }
  const [unnamed] = await missingOf(app, body)
  expect(unnamed).toMatchObject({ state: 'no package of it is held', fetch_url: null })
  expect(unnamed?.hint).toContain('darwin_arm64, linux_amd64')
  const [missing] = await missingOf(app, { ...body, platforms: ['linux_amd64'] })
  const { pathname, search } = new URL(missing?.fetch_url ?? '')
  expect((await app.request(`${pathname}${search}`)).statusCode).toBe(302)
  const manifest = await signedPlan(app, { ...body, platforms: ['linux_amd64'] })
  expect(manifest.providers).toMatchObject([{ type: 'widget', origin: 'mirrored', versions: [{ signed_by: 'upstream' }] }])
})
