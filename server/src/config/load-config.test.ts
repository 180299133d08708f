import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { CONFIG_KEYS } from './config-keys.ts'
import { loadConfig } from './load-config.ts'
import { maskedSettings, printConfig } from './print-config.ts'

let cwd: string
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'terrace-config-'))
})
afterAll(() => rm(cwd, { recursive: true }))

async function write(name: string, text: string): Promise<string> {
  await writeFile(join(cwd, name), text)
  return name
}

async function problemsOf(input: { env?: Record<string, string>; file?: string }): Promise<readonly ConfigProblem[]> {
  try {
    await loadConfig({ env: {}, cwd, ...input })
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('defaults', () => {
  // requirements.md CFG-18: start without a file works.
  test('the server starts without a file and without variables', async () => {
    const { config, sources, warnings, file } = await loadConfig({ env: {}, cwd })
    expect(config.server).toMatchObject({ host: '0.0.0.0', port: 8080, localTlsPort: 8443, behindProxy: false })
    expect(config.providers).toMatchObject({ downloadRetryAttempts: 5, downloadRetryInitialDelayMs: 1000, keyPinning: 'enforce' })
    expect({ sources: sources.size, warnings, file }).toEqual({ sources: 0, warnings: [], file: undefined })
  })

  test('local state stands below data_dir, relative to the working directory', async () => {
    const { config } = await loadConfig({ env: { TFR_DATA_DIR: 'state' }, cwd })
    expect(config.dataDir).toBe(join(cwd, 'state'))
    expect(config.storage.local.path).toBe(join(cwd, 'state/storage'))
    expect(config.database.path).toBe(join(cwd, 'state/terrace.db'))
  })

  test('a lowered maximum of connections lowers the idle ones with it', async () => {
    const { config } = await loadConfig({ env: { TFR_DATABASE_MAX_CONNECTIONS: '2' }, cwd })
    expect(config.database.minIdleConnections).toBe(2)
  })

  test('the result cannot be changed', async () => {
    const { config } = await loadConfig({ env: { TFR_SERVER_TRUSTED_PROXIES: '10.0.0.1', TFR_SERVER_BEHIND_PROXY: 'true' }, cwd })
    expect(() => Object.assign(config.server, { port: 1 })).toThrow(TypeError)
    expect(() => (config.server.trustedProxies as string[]).push('::1')).toThrow(TypeError)
  })
})

// reliability.md row 47.
describe('dev_mode', () => {
  test.each(['DEV_MODE', 'TFR_DEV_MODE'])('by %s refuses to start in production', async (name) => {
    const [problem] = await problemsOf({ env: { [name]: 'true', NODE_ENV: 'production' } })
    expect(problem).toEqual({ key: 'dev_mode', problem: 'lets anybody in; it must be off when NODE_ENV is "production"', source: name })
  })

  test('is off by default, and warned of elsewhere', async () => {
    expect((await loadConfig({ env: { NODE_ENV: 'production' }, cwd })).config.devMode).toBe(false)
    const { config, warnings } = await loadConfig({ env: { DEV_MODE: '1' }, cwd })
    expect([config.devMode, warnings]).toEqual([true, ['dev_mode lets anybody sign in as anybody, without a password']])
  })
})

describe('order of the sources', () => {
  test('a variable wins over the file, the file over the default', async () => {
    const file = await write('order.yaml', 'server: {port: 1001, local_tls_port: 0}\n')
    const { config, sources } = await loadConfig({ env: { TFR_SERVER_PORT: '1002' }, cwd, file })
    expect(config.server).toMatchObject({ port: 1002, localTlsPort: 0, host: '0.0.0.0' })
    expect(Object.fromEntries(sources)).toEqual({ 'server.port': 'TFR_SERVER_PORT', 'server.local_tls_port': 'order.yaml' })
  })

  test('TFR_CONFIG names the file, and the argument wins over it', async () => {
    const [first, second] = [await write('first.json', '{"server":{"port":1}}'), await write('second.json', '{"server":{"port":2}}')]
    expect((await loadConfig({ env: { TFR_CONFIG: first }, cwd })).config.server.port).toBe(1)
    expect((await loadConfig({ env: { TFR_CONFIG: first }, cwd, file: second })).config.server.port).toBe(2)
  })
})

describe('canonical values', () => {
  test('host names become lower case and punycode, addresses lose their last slash', async () => {
    await write('ca.pem', 'x')
    const env = {
      TFR_SERVER_PUBLIC_URL: 'https://Registry.Example.com/',
      TFR_PROVIDERS_DEFAULT_HOSTNAME: 'Registry.Terraform.IO',
      TFR_UPSTREAM: '{"Bücher.Example":{"url":"https://127.0.0.1:8443","ca_file":"ca.pem"}}',
    }
    const { config } = await loadConfig({ env, cwd })
    expect(config.server.publicUrl).toBe('https://registry.example.com')
    expect(config.providers.defaultHostname).toBe('registry.terraform.io')
    expect(config.upstream).toEqual({ 'xn--bcher-kva.example': { url: 'https://127.0.0.1:8443', caFile: join(cwd, 'ca.pem') } })
  })
})

describe('problems', () => {
  test('all are told at once, from the file and from the variables', async () => {
    const file = await write('wrong.yaml', 'server: {prot: 1, port: 70000}\nlogging: {level: loud}\n')
    const problems = await problemsOf({ env: { TFR_WORK_ENABLED: 'maybe', TFR_SERVR_PORT: '1' }, file })
    expect(problems).toEqual([
      { key: 'server.prot', problem: 'unknown setting', source: 'wrong.yaml', suggestion: 'server.port' },
      { key: 'TFR_SERVR_PORT', problem: 'unknown setting', suggestion: 'TFR_SERVER_PORT' },
      { key: 'server.port', problem: 'must be between 0 and 65535, not 70000', source: 'wrong.yaml' },
      { key: 'logging.level', problem: 'must be one of "trace", "debug", "info", "warn", "error", not "loud"', source: 'wrong.yaml' },
      { key: 'work.enabled', problem: 'must be true or false, not "maybe"', source: 'TFR_WORK_ENABLED' },
    ])
  })

  test('a file that cannot be read does not hide what is wrong with the variables', async () => {
    const problems = await problemsOf({ env: { TFR_SERVER_PORT: 'x' }, file: 'missing.yaml' })
    expect(problems.map(({ key }) => key)).toEqual([join(cwd, 'missing.yaml'), 'server.port'])
  })

  test('the text of the error has one line for each', async () => {
    const error = await loadConfig({ env: { TFR_SERVER_PORT: 'x', TFR_SERVR_PORT: '1' }, cwd }).catch((thrown: Error) => thrown.message)
    expect(error).toBe(
      [
        'Cannot load the configuration: 2 problems',
        '  TFR_SERVR_PORT: unknown setting; did you mean "TFR_SERVER_PORT"?',
        '  server.port: must be a whole number, not "x" (from TFR_SERVER_PORT)',
      ].join('\n'),
    )
  })

  test('a flaw inside a list or a map is told with its place', async () => {
    const file = await write('inner.json', '{"providers":{"trusted_keys":[{"scope":1}]},"upstream":{"a.example":{"ulr":"x"}}}')
    expect(await problemsOf({ file })).toEqual([
      { key: 'providers.trusted_keys[0]', problem: 'needs "file"', source: 'inner.json' },
      { key: 'providers.trusted_keys[0].scope', problem: 'must be text, not 1', source: 'inner.json' },
      { key: 'upstream."a.example".ulr', problem: 'unknown setting', source: 'inner.json', suggestion: 'url' },
    ])
  })

  test('an empty name inside a list is told', async () => {
    const problems = await problemsOf({ env: { TFR_PROVIDERS_TRUSTED_KEYS: '[{"scope":"","file":"k"}]' } })
    expect(problems).toEqual([
      {
        key: 'providers.trusted_keys[0].scope',
        problem: 'must be text of at least one character, not ""',
        source: 'TFR_PROVIDERS_TRUSTED_KEYS',
      },
    ])
  })

  test('files named by settings must be readable', async () => {
    const problems = await problemsOf({ env: { TFR_UPSTREAM: '{"a.example":{"ca_file":"none.pem"}}' } })
    expect(problems).toEqual([
      { key: 'upstream', problem: `the file "${join(cwd, 'none.pem')}" cannot be read: ENOENT`, source: 'TFR_UPSTREAM' },
    ])
  })
})

// reliability.md row 30: no secret in logs.
describe('secrets', () => {
  const SECRETS = CONFIG_KEYS.filter(({ schema }) => schema.secret)
  const CANARY = 'canary-7'
  /** Takes any text: whose rules a password follows is the mail server's business. */
  const NEVER_REFUSED = ['notifications.smtp.password']
  const refusable = SECRETS.filter(({ key }) => !NEVER_REFUSED.includes(key))

  test.each(refusable.map(({ key, variables }) => [key, variables[0] ?? '']))(
    'a refused value of %s is not quoted',
    async (_key, variable) => {
      const text = await loadConfig({ env: { [variable]: CANARY }, cwd }).catch((error: Error) => error.message)
      expect(text).toContain('Cannot load the configuration')
      expect(text).not.toContain(CANARY)
    },
  )

  test.each(SECRETS.map(({ path: [section = '', name = ''] }) => [section, name]))(
    '%s.%s of the wrong type is not quoted',
    async (section, name) => {
      const file = await write('secret.json', JSON.stringify({ [section]: { [name]: 987_654_321 } }))
      expect(JSON.stringify(await problemsOf({ file }))).not.toContain('987654321')
    },
  )

  test('a flaw of JSON, YAML or HCL beside a secret does not quote it', async () => {
    const files = [
      await write('broken.json', `{"auth":{"jwt_secret": ${CANARY}}}`),
      await write('broken.yaml', `auth: {jwt_secret: "${CANARY}\nserver: 1`),
      await write('broken.hcl', `auth {\n  jwt_secret = "${CANARY}\${x}"\n}\n`),
    ]
    for (const file of files) {
      const problems = await problemsOf({ file })
      expect(problems).not.toEqual([])
      expect(JSON.stringify(problems)).not.toContain(CANARY)
    }
  })

  test('shown settings hold no secret', async () => {
    const env = {
      TFR_JWT_SECRET: 'jwt-canary-0123456789-abcdefghijk-lmnopqrstuvw',
      ENCRYPTION_KEY: 'key-canary-0123456789-abcdefghijk-lmnopqrstuvw',
      TFR_ADMIN_USERNAME: 'root',
      TFR_ADMIN_PASSWORD: 'password-canary',
      TFR_DATABASE_URL: 'postgres://user:url-canary@db.example/terrace',
      TFR_OUTBOUND_PROXY_URL: 'http://user:proxy-canary@proxy.example:3128',
    }
    const { config, sources } = await loadConfig({ env, cwd })
    expect(config.auth.jwtSecret).toBe(env.TFR_JWT_SECRET)
    expect(printConfig(config, sources)).toContain('jwt_secret: "********" # from TFR_JWT_SECRET')
    expect(`${printConfig(config, sources)}${JSON.stringify(maskedSettings(config))}`).not.toContain('canary')
  })
})
