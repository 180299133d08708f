import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { publishNewModule } from '../../testing/publish-modules.ts'
import { type OpenTestApp, openTestApp } from '../../testing/test-app.ts'

const LINK = expect.stringMatching(/^https?:\/\/[^/]+\/files\/[^?]+\.tar\.gz\?/)

// protocol.md 6.1, 6.3: what each client asks, without a token and in its own name.
describe('modules for clients other than Terraform', () => {
  let app: OpenTestApp
  beforeAll(async () => {
    app = await openTestApp('sqlite')
    await publishNewModule(app, { fields: { source: 'https://git.example.com/acme/net' } })
  })
  afterAll(() => app.close())

  const ask = (url: string, agent: string) => app.request({ url, headers: { 'user-agent': agent, accept: '*/*' } })

  test.each([
    ['terragrunt', 'Go-http-client/1.1'],
    ['trivy', 'trivy/0.70.0'],
    ['dependabot', 'dependabot-core/0.300.0 excon/1.2.5'],
    ['Terraform', 'Terraform/1.15.0'],
    ['OpenTofu up to 1.11', 'OpenTofu/1.11.9'],
    ['OpenTofu 1.2', 'OpenTofu/1.2.0'],
    ['a client that only names OpenTofu', 'mirror OpenTofu/1.12.0'],
  ])('%s is told the place of an archive by 204 and a header', async (_client, agent) => {
    const { statusCode, headers, body } = await ask('/v1/modules/acme/net/aws/1.0.0/download', agent)
    expect([statusCode, headers['x-terraform-get'], body]).toEqual([204, LINK, ''])
  })

  test.each(['OpenTofu/1.12.0', 'OpenTofu/1.12.0-rc1', 'OpenTofu/2.0.0'])(
    '%s is told it in a body, and in the header too',
    async (agent) => {
      const { statusCode, headers, json } = await ask('/v1/modules/acme/net/aws/1.0.0/download', agent)
      expect([statusCode, headers['x-terraform-get'], json()]).toEqual([200, LINK, { location: LINK, use_registry_credentials: false }])
    },
  )

  test.each(['RenovateBot/41.0.0', 'tfupdate/0.9.0', 'trivy/0.70.0', 'Go-http-client/1.1'])(
    '%s reads discovery and versions',
    async (agent) => {
      expect((await ask('/.well-known/terraform.json', agent)).json()).toMatchObject({
        'modules.v1': expect.stringMatching(/\/v1\/modules\/$/),
      })
      expect((await ask('/v1/modules/acme/net/aws/versions', agent)).json()).toEqual({
        modules: [{ source: 'https://git.example.com/acme/net', versions: [{ version: '1.0.0' }] }],
      })
    },
  )
})
