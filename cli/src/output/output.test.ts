import { describe, expect, onTestFinished, test } from 'vitest'
import { page, startFakeApi } from '../testing/fake-api.ts'
import { terraceHome } from '../testing/run-terrace.ts'

const KEY = {
  id: '01927f3e',
  hostname: 'registry.terraform.io',
  namespace: 'acme',
  fingerprint: 'C874011F0AB405110D02105534365D9472D7468F',
  key_id: '34365D9472D7468F',
  user_id: 'Acme \u001b[31m<release@acme.example>',
  source: 'announced',
  state: 'pending',
  created_at: '2026-03-01T12:30:45.000Z',
  decided_by: null,
  type: null,
  scope: 'registry.terraform.io/acme',
  expires_at: null,
  expires_soon: false,
  retired_at: null,
}
const OWN_KEY = { ...KEY, id: '01927f3f', hostname: '_self', scope: 'acme', state: 'trusted', user_id: 'Acme\ttab' }

async function listKeys(...flags: string[]) {
  const home = await terraceHome(onTestFinished)
  const { url } = await startFakeApi(onTestFinished, { 'GET /api/v1/admin/signing-keys': page([KEY, OWN_KEY]) })
  return { ...home, args: ['signing-key', 'list', '--server', url, ...flags] }
}

describe('a list', () => {
  test('is a table without colours in a pipe, and no character of others moves the cursor', async () => {
    const { run, args } = await listKeys()
    expect(await run(args)).toEqual({
      code: 0,
      signal: null,
      stderr: '',
      stdout: [
        'ID        STATE    SCOPE                       FINGERPRINT                               USER ID                           SOURCE     SINCE             ENDS',
        '01927f3e  pending  registry.terraform.io/acme  C874011F0AB405110D02105534365D9472D7468F  Acme ?[31m<release@acme.example>  announced  2026-03-01 12:30  never',
        '01927f3f  trusted  acme                        C874011F0AB405110D02105534365D9472D7468F  Acme?tab                          announced  2026-03-01 12:30  never',
        '',
      ].join('\n'),
    })
  })

  test('is one line per row under --plain', async () => {
    const { run, args } = await listKeys('--plain', '--state', 'trusted')
    const { stdout, stderr } = await run(args)
    expect(stderr).toBe('')
    expect(stdout).toBe(
      `${['01927f3f', 'trusted', 'acme', OWN_KEY.fingerprint, 'Acme?tab', 'announced', '2026-03-01 12:30', 'never'].join('\t')}\n`,
    )
  })

  test('is the answer of the API under --json', async () => {
    const { run, args } = await listKeys('--json')
    const { stdout, stderr } = await run(args)
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual({ schema_version: 1, items: [KEY, OWN_KEY], total: 2 })
  })

  test('says on standard error that there is nothing, unless --quiet', async () => {
    const { run, args } = await listKeys('--state', 'rejected')
    expect(await run(args)).toMatchObject({ code: 0, stdout: '', stderr: 'There are no such keys\n' })
    expect(await run([...args, '--quiet'])).toMatchObject({ code: 0, stdout: '', stderr: '' })
  })

  test('ends without a word when its reader has gone', async () => {
    const { run, args } = await listKeys()
    const outcome = await run(args, { onStart: (child) => child.stdout?.destroy() })
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
  })
})

// `script` gives a pseudo-terminal; its flags differ elsewhere.
describe.skipIf(process.platform !== 'linux')('a list on a terminal', () => {
  test('has bold titles', async () => {
    const { runOnTerminal, args } = await listKeys()
    expect((await runOnTerminal(args)).stdout).toContain('\u001b[1mID        STATE')
  })

  test.each([
    ['--no-color', ['--no-color'], {}],
    ['NO_COLOR', [], { NO_COLOR: '1' }],
    ['a dumb terminal', [], { TERM: 'dumb' }],
  ])('has no colours with %s', async (_name, flags, env: Record<string, string>) => {
    const { runOnTerminal, args } = await listKeys(...flags)
    const { code, stdout } = await runOnTerminal(args, { env })
    expect(code).toBe(0)
    expect(stdout).toContain('ID        STATE')
    expect(stdout).not.toContain('\u001b')
  })
})
