import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { problem, type Responder, startFakeApi } from '../../testing/fake-api.ts'
import { type RunOptions, terraceHome } from '../../testing/run-terrace.ts'

const EXCHANGED = {
  key: 'tfr_secret',
  expires_at: '2030-01-01T08:00:00.000Z',
  organization: 'acme',
  scopes: ['modules:write'],
  namespaces: ['acme'],
}
const RULE = {
  id: '7',
  name: 'release',
  organization: { id: '1', name: 'acme' },
  issuer: 'https://token.actions.githubusercontent.com',
  audience: 'https://registry.example.com',
  claims: { sub: 'repo:acme/*', ref: 'refs/heads/main' },
  scopes: ['modules:write'],
  namespaces: null,
  life_minutes: 15,
  enabled: true,
  created_at: '2029-01-01T00:00:00.000Z',
  created_by: 'ada',
}
const EXCHANGE = { 'POST /api/v1/auth/token-exchange': { json: EXCHANGED } }

async function run(routes: Readonly<Record<string, Responder>>, args: readonly string[], options: RunOptions = {}) {
  const home = await terraceHome(onTestFinished)
  const { url, requests } = await startFakeApi(onTestFinished, routes)
  await writeFile(join(home.folder, 'token'), 'header.claims.signature\n')
  const env = { TERRACE_TOKEN: 'tfr_own', ...options.env }
  const outcome = await home.run([...args, '--server', url], { ...options, env })
  const last = requests.at(-1)
  return { ...outcome, url, requests, body: last === undefined || last.body.length === 0 ? undefined : JSON.parse(String(last.body)) }
}

describe('token exchange', () => {
  test('sends the token of a file, without any other credential, and writes the key alone', async () => {
    const args = ['token', 'exchange', '--identity-token-file', 'token', '--organization', 'acme']
    const { code, stdout, stderr, body, requests } = await run(EXCHANGE, args)
    expect({ code, stdout, body }).toEqual({
      code: 0,
      stdout: 'tfr_secret\n',
      body: { token: 'header.claims.signature', organization: 'acme' },
    })
    expect(requests[0]?.headers.authorization).toBeUndefined()
    expect(stderr).toBe('The key is for acme: modules:write in acme; it ends on 2030-01-01 08:00 UTC\n')
  })

  test('takes the token from standard input, and writes the variable of Terraform', async () => {
    const { stdout, body } = await run(EXCHANGE, ['token', 'exchange', '--identity-token-stdin', '--variable'], { input: 'a.b.c\n' })
    expect({ stdout, body }).toEqual({ stdout: 'TF_TOKEN_127_0_0_1=tfr_secret\n', body: { token: 'a.b.c' } })
  })

  test('asks GitHub for a token that is for the server', async () => {
    const github = await startFakeApi(onTestFinished, { 'GET /token': { json: { value: 'from.git.hub' } } })
    const env = { ACTIONS_ID_TOKEN_REQUEST_URL: `${github.url}/token?api-version=2.0`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'runner-secret' }
    const { code, body, url, stdout, stderr } = await run(EXCHANGE, ['token', 'exchange', '-v'], { env })
    expect({ code, body }).toEqual({ code: 0, body: { token: 'from.git.hub' } })
    expect(github.requests[0]?.headers.authorization).toBe('Bearer runner-secret')
    const asked = new URL(github.requests[0]?.url ?? '', github.url).searchParams
    expect([asked.get('api-version'), asked.get('audience')]).toEqual(['2.0', url])
    expect(stdout + stderr).not.toMatch(/runner-secret|from\.git\.hub/)
  })

  test('tells when GitHub gives none, and sends nothing', async () => {
    const github = await startFakeApi(onTestFinished, { 'GET /token': { status: 403, json: {} } })
    const env = { ACTIONS_ID_TOKEN_REQUEST_URL: `${github.url}/token`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'runner-secret' }
    const { code, stderr, requests } = await run(EXCHANGE, ['token', 'exchange'], { env })
    expect({ code, requests }).toEqual({ code: 1, requests: [] })
    expect(stderr).toContain('Cannot ask GitHub for an identity token: it answered 403')
  })

  test('without a token and outside of GitHub is wrong usage', async () => {
    const { code, stderr, requests } = await run(EXCHANGE, ['token', 'exchange'])
    expect({ code, requests }).toEqual({ code: 2, requests: [] })
    expect(stderr).toContain('--identity-token-file')
  })

  test('a refusal is exit code 4', async () => {
    const detail = 'Cannot exchange the identity token: no trust rule fits it'
    const refusal = problem({ code: 'IDENTITY_TOKEN_REFUSED', status: 401, detail })
    const { code, stderr } = await run({ 'POST /api/v1/auth/token-exchange': refusal }, [
      'token',
      'exchange',
      '--identity-token-file',
      'token',
    ])
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringContaining(detail) })
  })
})

describe('trust-rule', () => {
  test('create sends issuer, claims and limits; the audience is the server', async () => {
    const claims = ['--claim', 'sub=repo:acme/*', '--claim', 'ref=refs/heads/a=b']
    const limits = ['--scope', 'modules:write', '--namespace', 'acme', '--organization', 'acme', '--life', '30']
    const args = ['trust-rule', 'create', 'release', '--issuer', 'github', ...claims, ...limits]
    const { code, stdout, body, url } = await run({ 'POST /api/v1/trust-rules': { status: 201, json: RULE } }, args)
    expect({ code, stdout }).toEqual({ code: 0, stdout: '7\n' })
    expect(body).toEqual({
      name: 'release',
      issuer: 'https://token.actions.githubusercontent.com',
      audience: url,
      claims: { sub: 'repo:acme/*', ref: 'refs/heads/a=b' },
      scopes: ['modules:write'],
      namespaces: ['acme'],
      organization: 'acme',
      life_minutes: 30,
    })
  })

  test.each([
    [['--claim', 'sub=x', '--scope', 'modules:write'], '--issuer must be given'],
    [['--issuer', 'github'], '--claim and --scope must be given'],
    [['--issuer', 'github', '--claim', 'sub', '--scope', 'a'], 'Cannot use claim "sub"'],
    [['--issuer', 'github', '--claim', 'sub=a', '--claim', 'sub=b', '--scope', 'a'], '"sub" is given twice'],
    [['--issuer', 'github', '--claim', 'sub=a', '--scope', 'a', '--life', '61'], 'Cannot use life "61"'],
  ])('create %j is wrong usage', async (flags, message) => {
    const { code, stderr, requests } = await run({}, ['trust-rule', 'create', 'release', ...flags])
    expect({ code, requests, stderr }).toEqual({ code: 2, requests: [], stderr: expect.stringContaining(message) })
  })

  test('list shows what each rule says', async () => {
    const list = { json: { items: [RULE], total: 1, limit: 100, offset: 0 } }
    const { stdout } = await run({ 'GET /api/v1/trust-rules': list }, ['trust-rule', 'list', '--plain'])
    const claims = 'sub=repo:acme/*, ref=refs/heads/main'
    expect(stdout.trimEnd().split('\t')).toEqual([
      '7',
      'release',
      'acme',
      'enabled',
      RULE.issuer,
      RULE.audience,
      claims,
      'modules:write',
      'all',
      '15',
    ])
  })

  test('delete asks first, and does as it is told', async () => {
    const routes = { 'DELETE /api/v1/trust-rules/7': { status: 204 } }
    expect(await run(routes, ['trust-rule', 'delete', '7'])).toMatchObject({ code: 2, requests: [] })
    expect(await run(routes, ['trust-rule', 'delete', '7', '--force'])).toMatchObject({ code: 0, stderr: 'Deleted trust rule 7\n' })
  })

  const check = { claim: 'sub', expected: 'repo:acme/*', found: 'repo:evil/x', matched: false }
  const explained = { id: '7', name: 'release', organization: 'acme', enabled: true, matched: false, checks: [check] }

  test('test shows every check, and fails when no rule fits', async () => {
    const tested = { verified: true, problem: 'no enabled rule fits', matched_rule: null, rules: [explained] }
    const args = ['trust-rule', 'test', '--identity-token-file', 'token', '--plain']
    const { code, stdout, stderr, body } = await run({ 'POST /api/v1/trust-rules/test': { json: tested } }, args)
    expect({ code, stdout, body }).toEqual({
      code: 1,
      stdout: 'acme/release\tsub\tno\trepo:acme/*\trepo:evil/x\n',
      body: { token: 'header.claims.signature' },
    })
    expect(stderr).toContain('no enabled rule fits')
  })

  test('test takes claims in place of a token', async () => {
    const tested = { verified: null, problem: null, matched_rule: '7', rules: [{ ...explained, matched: true }] }
    const args = ['trust-rule', 'test', '--claim', 'sub=repo:acme/widget', '--claim', 'aud=x']
    const { code, stderr, body } = await run({ 'POST /api/v1/trust-rules/test': { json: tested } }, args)
    expect({ code, body }).toEqual({ code: 0, body: { claims: { sub: 'repo:acme/widget', aud: 'x' } } })
    expect(stderr).toContain('A pipeline would get a key from rule "release"')
    expect(await run({}, ['trust-rule', 'test'])).toMatchObject({ code: 2, requests: [] })
  })
})

describe('trust-rule edit', () => {
  const EDIT = 'PATCH /api/v1/trust-rules/7'

  test('sends what the flags name, and nothing else', async () => {
    const flags = ['--issuer', 'gitlab', '--claim', 'project_path=acme/*', '--scope', 'modules:write', '--all-namespaces', '--life', '30m']
    const { code, body, stderr } = await run({ [EDIT]: { json: { ...RULE, enabled: false } } }, [
      'trust-rule',
      'edit',
      '7',
      ...flags,
      '--disable',
    ])
    expect([code, body]).toEqual([
      0,
      {
        issuer: 'https://gitlab.com',
        claims: { project_path: 'acme/*' },
        scopes: ['modules:write'],
        namespaces: null,
        life_minutes: 30,
        enabled: false,
      },
    ])
    expect(stderr).toBe('Changed trust rule "release", which is disabled; keys that came from it have ended\n')
  })

  test.each([[[]], [['--enable', '--disable']], [['--namespace', 'acme', '--all-namespaces']], [['--life', '90']]])(
    '%j is refused before anything is sent',
    async (flags) => {
      const { code, requests } = await run({}, ['trust-rule', 'edit', '7', ...flags])
      expect([code, requests]).toEqual([2, []])
    },
  )
})
