import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { mirrorOnly, requires } from './harness/client-files.ts'
import { HERE } from './harness/current-platform.ts'
import { expectFailure, expectSuccess } from './harness/expect-client.ts'
import { moduleForm } from './harness/module-form.ts'
import { REGISTRY, startWorld, UPSTREAM, type World } from './harness/registry-world.ts'
import { reportMissing } from './harness/required-binaries.ts'
import type { TerraformWorkspace } from './harness/terraform-cli.ts'
import { callBack, decideAt, keptCredentials, type PersonAtBrowser, terraformLogin } from './harness/terraform-login.ts'

const WIDGET = `${REGISTRY}/acme/widget`
const PRIVATE = 'auth {\n  anonymous_read = false\n}\n'
const MODULE = { address: 'acme/net/aws', version: '1.0.0', files: { 'main.tf': 'output "id" {\n  value = 1\n}\n' } }
const BOTH = {
  'main.tf': `${requires(WIDGET)['main.tf']}\nmodule "net" {\n  source  = "${REGISTRY}/acme/net/aws"\n  version = "1.0.0"\n}\n`,
}

const allow: PersonAtBrowser = async (address, browser) => {
  await callBack(await decideAt(address, browser, { decision: 'allow' }))
}

/** A registry in which nothing is read without a token, and the real CLI's way to one. */
describe.skipIf(reportMissing('terraform'))('terraform login', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld({ config: PRIVATE })
    await world.api.publish({ name: 'acme/widget', version: '1.0.0' })
    await world.api.request('/api/v1/modules', { method: 'POST', body: moduleForm(MODULE) })
    await world.upstream.addProvider('partner/gadget', { versions: { '1.0.0': { platforms: [HERE] } } })
    await world.api.load(`provider "${UPSTREAM}/partner/gadget" {\n  versions = ["1.0.0"]\n}\n`)
    return world.close
  })
  beforeEach(() => {
    world.front.requests.length = 0
  })

  const workspace = (cliConfig = '', files: Readonly<Record<string, string>> = BOTH): TerraformWorkspace =>
    world.workspace({ files, cliConfig, readsOwnCredentials: true })

  async function loggedIn(cliConfig?: string, files?: Readonly<Record<string, string>>): Promise<TerraformWorkspace> {
    const place = workspace(cliConfig, files)
    expectSuccess(await terraformLogin(world, place, allow))
    return place
  }

  async function revokeKey(token: string): Promise<number> {
    const { items } = (await (await world.api.request('/api/v1/apikeys?limit=100')).json()) as { items: { id: string; prefix: string }[] }
    const key = items.find(({ prefix }) => token.startsWith(prefix))
    return (await world.api.request(`/api/v1/apikeys/${key?.id}`, { method: 'DELETE' })).status
  }

  // protocol.md L-1, L-4 (E01)
  test('who allows it has a token in the credentials file, readable by nobody else', async () => {
    const place = await loggedIn()
    const token = expect.stringMatching(/^tfr_\w{49}$/)
    expect(keptCredentials(place)).toEqual({ tokens: { [REGISTRY]: token }, mode: 0o600 })
  })

  // protocol.md L-6 (E01, F14, F15)
  test('the token opens private modules and providers, and no archive gets to see it', async () => {
    const place = workspace()
    expectFailure(await place.run(['init']), '401')
    expectSuccess(await terraformLogin(world, place, allow))
    world.front.requests.length = 0
    expectSuccess(await place.run(['init']))
    const sent = (prefix: string) =>
      new Set(world.front.requests.filter(({ path }) => path.startsWith(prefix)).map(({ headers }) => headers.authorization))
    expect(sent('/v1/')).toEqual(new Set([`Bearer ${keptCredentials(place).tokens[REGISTRY]}`]))
    expect(sent('/files/')).toEqual(new Set([undefined]))
  })

  // protocol.md L-6 (D01)
  test('the token opens the mirror', async () => {
    const files = requires(`${UPSTREAM}/partner/gadget`)
    const place = await loggedIn(mirrorOnly(`https://${REGISTRY}/v1/mirror/`), files)
    expectSuccess(await place.run(['init']))
    await revokeKey(keptCredentials(place).tokens[REGISTRY] ?? '')
    place.clean()
    expectFailure(await place.run(['init']), 'rejected the given authentication credentials')
  })

  // protocol.md L-7
  test('a token that was revoked on the list of keys opens nothing more', async () => {
    const place = await loggedIn('', requires(WIDGET))
    expectSuccess(await place.run(['init']))
    expect(await revokeKey(keptCredentials(place).tokens[REGISTRY] ?? '')).toBe(204)
    place.clean()
    expectFailure(await place.run(['init']), `host ${REGISTRY} rejected the given authentication credentials`)
  })

  // protocol.md L-7 (E13)
  test('a logout forgets the token and tells the registry nothing', async () => {
    const place = await loggedIn()
    world.front.requests.length = 0
    expectSuccess(await place.run(['logout', REGISTRY]))
    expect(keptCredentials(place).tokens).toEqual({})
    expect(world.front.requests).toEqual([])
  })

  // protocol.md L-2 (E08b)
  test('the state comes back as it was sent, and a wrong one does not end the wait', async () => {
    const statuses: number[] = []
    const result = await terraformLogin(world, workspace(), async (address, browser) => {
      const location = await decideAt(address, browser, { decision: 'allow' })
      expect(location.searchParams.get('state')).toBe(address.searchParams.get('state'))
      const wrong = new URL(location)
      wrong.searchParams.set('state', 'wrong')
      statuses.push(await callBack(wrong), await callBack(location))
    })
    expectSuccess(result)
    expect(statuses).toEqual([400, 200])
  })

  // protocol.md L-3 (E08, E08e)
  test('who refuses ends the CLI at once, in words', async () => {
    const place = workspace()
    const result = await terraformLogin(world, place, async (address, browser) => {
      await callBack(await decideAt(address, browser, { decision: 'refuse' }))
    })
    expectFailure(result, 'oauth2: "access_denied" "You refused the login"')
    expect(keptCredentials(place).tokens).toEqual({})
  })

  test('who cancels instead of signing in ends the CLI as well', async () => {
    const result = await terraformLogin(world, workspace(), async (address, browser) => {
      const page = await browser.open(address.pathname + address.search)
      const { headers } = await browser.submit(page, '/oauth/sign-in', { decision: 'cancel' })
      await callBack(new URL(headers.location ?? ''))
    })
    expectFailure(result, 'oauth2: "access_denied" "You cancelled the login"')
  })

  // protocol.md L-5 (E10.400json)
  test('a code that somebody else has tried gives the CLI no token, and says why', async () => {
    const result = await terraformLogin(world, workspace(), async (address, browser) => {
      const location = await decideAt(address, browser, { decision: 'allow' })
      const code = location.searchParams.get('code') ?? ''
      const redirectUri = address.searchParams.get('redirect_uri') ?? ''
      const stolen = { client_id: 'terraform-cli', grant_type: 'authorization_code', code, redirect_uri: redirectUri }
      const body = new URLSearchParams({ ...stolen, code_verifier: 'x'.repeat(46) })
      expect((await fetch(`${world.server.url}/oauth/token`, { method: 'POST', body })).status).toBe(400)
      await callBack(location)
    })
    expectFailure(result, 'Failed to obtain auth token')
    expect(result.text).toContain('oauth2: "invalid_grant" "The code of the login was used before"')
  })

  // protocol.md L-8
  test.each(['bearer TOKEN', 'BEARER   TOKEN  ', 'Basic BASIC'])('the registry takes "%s" as well', async (form) => {
    const token = await world.server.signIn()
    const basic = Buffer.from(`anyone:${token}`).toString('base64')
    const authorization = form.replace('TOKEN', token).replace('BASIC', basic)
    const { status } = await fetch(`${world.server.url}/v1/providers/acme/widget/versions`, { headers: { authorization } })
    expect(status).toBe(200)
  })

  // protocol.md L-9 (E16, E16b)
  test.each([
    ['my-reg.example.com', 'TF_TOKEN_my__reg_example_com'],
    [`${REGISTRY}:8443`, 'TF_TOKEN_registry_example_com:8443'],
  ])('a token for %s in %s is the one that counts', async (host, variable) => {
    world.front.route('my-reg.example.com', world.server.url)
    const place = world.workspace({ files: requires(`${host}/acme/widget`) })
    expectFailure(await place.run(['init']), `host ${host} requires authentication credentials`)
    expectSuccess(await place.run(['init'], { [variable]: await world.server.signIn() }))
  })
})

describe.skipIf(reportMissing('terraform'))('clients without a login', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld()
    await world.api.publish({ name: 'acme/widget', version: '1.0.0' })
    await world.api.request('/api/v1/modules', { method: 'POST', body: moduleForm(MODULE) })
    return world.close
  })

  // protocol.md L-8 (E18)
  test('an empty token reads what everybody may read', async () => {
    const place = world.workspace({ files: BOTH })
    world.front.requests.length = 0
    expectSuccess(await place.run(['init'], { TF_TOKEN_registry_example_com: '' }))
    const lists = world.front.requests.filter(({ path }) => path.endsWith('/versions'))
    expect(lists.map(({ headers }) => headers.authorization)).toEqual(['Bearer', 'Bearer'])
  })

  // protocol.md L-10 (B49, C07)
  test('a password in .netrc goes to the archives and does no harm', async () => {
    const place = world.workspace({ files: BOTH })
    writeFileSync(join(place.home, '.netrc'), `machine ${REGISTRY}\n  login someone\n  password something\n`)
    world.front.requests.length = 0
    expectSuccess(await place.run(['init']))
    const archives = world.front.requests.filter(({ path }) => path.startsWith('/files/'))
    expect(archives.map(({ headers }) => headers.authorization)).toContainEqual(expect.stringMatching(/^Basic /))
  })
})

// protocol.md D-7 (E06d)
describe.skipIf(reportMissing('terraform'))('a login that is switched off', () => {
  test('is not announced and not there', async () => {
    await using world = await startWorld({ config: 'auth {\n  terraform_login = false\n}\n' })
    expectFailure(await world.workspace().run(['login', REGISTRY]), 'does not support Terraform tokens API')
    expect((await fetch(`${world.server.url}/oauth/authorize`)).status).toBe(404)
  })
})
