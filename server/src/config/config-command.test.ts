import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { runConfigCommand } from './config-command.ts'
import { CONFIG_KEYS } from './config-keys.ts'
import { readConfigFile } from './read-config-file.ts'

let cwd: string
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'terrace-config-command-'))
})
afterAll(() => rm(cwd, { recursive: true }))

async function run(args: string[], env: Record<string, string> = {}) {
  const [out, err]: [string[], string[]] = [[], []]
  const code = await runConfigCommand(args, { env, cwd, stdout: (text) => out.push(text), stderr: (text) => err.push(text) })
  return { code, stdout: out.join(''), stderr: err.join('') }
}

describe('terrace config check', () => {
  test('valid settings answer 0 and show what differs from the defaults', async () => {
    const { code, stdout, stderr } = await run(['check'], {
      TFR_SERVER_PORT: '9090',
      TFR_JWT_SECRET: 'oX0wTq8ZkV3nB7yRm2LcJ5sHd9GfA1eUiP6tK4vW+Qr=',
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toBe(
      [
        'The configuration is valid (no file).',
        '  server.port = 9090 (from TFR_SERVER_PORT)',
        '  auth.jwt_secret = "********" (from TFR_JWT_SECRET)',
        '',
      ].join('\n'),
    )
  })

  test('wrong settings answer 1 and every problem stands on standard error', async () => {
    const { code, stdout, stderr } = await run(['check'], { TFR_SERVER_PORT: 'x', TFR_WORK_ENABLED: 'x' })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr.split('\n')).toHaveLength(4)
  })

  test('--json tells the problems on standard output', async () => {
    const { code, stdout } = await run(['check', '--json'], { TFR_SERVER_PORT: 'x' })
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ valid: false, problems: [{ key: 'server.port', source: 'TFR_SERVER_PORT' }] })
  })

  test('warnings stand on standard error', async () => {
    const { code, stderr } = await run(['check'], { TFM_SERVER_PORT: '1', TFR_SERVER_PORT: '2' })
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'Warning: TFM_SERVER_PORT is ignored, because TFR_SERVER_PORT is set\n' })
  })
})

describe('terrace config print', () => {
  test('what is printed can be read again and sets every setting', async () => {
    await writeFile(join(cwd, 'in.yaml'), 'upstream: {a.example: {url: "https://b.example"}}\nwork: {enabled: false}\n')
    const { code, stdout } = await run(['print', '--config', 'in.yaml'])
    expect(code).toBe(0)
    await writeFile(join(cwd, 'out.yaml'), stdout)
    const { values, problems } = await readConfigFile(join(cwd, 'out.yaml'))
    expect(problems).toEqual([])
    expect([...values.keys()]).toEqual(CONFIG_KEYS.map(({ key }) => key))
    expect(parse(stdout)).toMatchObject({ upstream: { 'a.example': { url: 'https://b.example' } }, work: { enabled: false } })
  })

  test('each value that is not a default tells its source', async () => {
    const { stdout } = await run(['print'], { TFR_SERVER_PORT: '9090' })
    expect(stdout).toContain('\n  port: 9090 # from TFR_SERVER_PORT\n')
  })
})

describe('--json', () => {
  test('valid settings are one document with their sources, secrets masked', async () => {
    await writeFile(join(cwd, 'key.asc'), 'x')
    const { code, stdout } = await run(['print', '--json'], {
      TFR_PROVIDERS_TRUSTED_KEYS: '[{"scope":"a.example","file":"key.asc"}]',
      TFR_DATABASE_URL: 'postgres://user:canary@db.example/terrace',
    })
    expect(code).toBe(0)
    expect(stdout).not.toContain('canary')
    expect(JSON.parse(stdout)).toMatchObject({
      valid: true,
      file: null,
      warnings: [],
      sources: { 'database.url': 'TFR_DATABASE_URL', 'providers.trusted_keys': 'TFR_PROVIDERS_TRUSTED_KEYS' },
      settings: {
        'database.url': '********',
        'auth.jwt_secret': '',
        'providers.trusted_keys': [{ scope: 'a.example', file: join(cwd, 'key.asc') }],
      },
    })
  })
})

describe('usage', () => {
  test.each([[['--help']], [['check', '-h']]])('%j shows examples', async (args) => {
    const { code, stdout } = await run(args)
    expect({ code, first: stdout.split('\n')[0] }).toEqual({ code: 0, first: 'Usage: terrace config check|print [--config FILE] [--json]' })
  })

  test.each([
    [[], '"check" or "print" is missing'],
    [['chek'], 'unexpected "chek"; did you mean "check"?'],
    [['check', 'now'], 'unexpected "now"'],
    [['check', '--confg', 'a'], "Unknown option '--confg'"],
  ])('%j answers 2', async (args, text) => {
    const { code, stdout, stderr } = await run(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(text)
  })
})
