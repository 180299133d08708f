import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readEnvironment } from './read-environment.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terrace-environment-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function read(env: Record<string, string>) {
  const { values, problems, warnings } = await readEnvironment(env, folder)
  return { values: Object.fromEntries([...values].map(([key, { value }]) => [key, value])), problems, warnings }
}

describe('values of variables', () => {
  test.each([
    ['TFR_SERVER_PORT', '9090', { 'server.port': 9090 }],
    ['TFR_SERVER_PORT', '90x', { 'server.port': '90x' }],
    ['TFR_WORK_ENABLED', 'FALSE', { 'work.enabled': false }],
    ['TFR_WORK_ENABLED', '1', { 'work.enabled': true }],
    ['TFR_WORK_ENABLED', 'constructor', { 'work.enabled': 'constructor' }],
    ['TFR_OUTBOUND_ALLOWED_NETWORKS', '10.0.0.0/8, fd00::/8,', { 'outbound.allowed_networks': ['10.0.0.0/8', 'fd00::/8'] }],
    ['TFR_OUTBOUND_ALLOWED_NETWORKS', '["10.0.0.0/8"]', { 'outbound.allowed_networks': ['10.0.0.0/8'] }],
    ['TFR_UPSTREAM', '{"a.example":{"url":"https://b.example"}}', { upstream: { 'a.example': { url: 'https://b.example' } } }],
    ['TFR_UPSTREAM', 'a.example', { upstream: 'a.example' }],
    ['TFR_PROVIDERS_TRUSTED_KEYS', '[{"scope":"a.b","file":"k"}]', { 'providers.trusted_keys': [{ scope: 'a.b', file: 'k' }] }],
  ])('%s=%s', async (variable, text, values) => {
    expect((await read({ [variable]: text })).values).toEqual(values)
  })

  test('an empty variable is not set', async () => {
    expect(await read({ TFR_SERVER_PORT: '', TFR_UNKNOWN: '' })).toEqual({ values: {}, problems: [], warnings: [] })
  })
})

describe('prefixes', () => {
  // requirements.md C7: when both are set TFR_ wins and the log says so.
  test('TFR_ wins over TFM_, and a warning says so', async () => {
    const { values, warnings } = await read({ TFM_SERVER_PORT: '1', TFR_SERVER_PORT: '2' })
    expect(values).toEqual({ 'server.port': 2 })
    expect(warnings).toEqual(['TFM_SERVER_PORT is ignored, because TFR_SERVER_PORT is set'])
  })

  test('a prefixed name wins over one without prefix', async () => {
    const { values, warnings } = await read({ LOG_FORMAT: 'json', TFM_LOGGING_FORMAT: 'text' })
    expect(values).toEqual({ 'logging.format': 'text' })
    expect(warnings).toEqual(['LOG_FORMAT is ignored, because TFM_LOGGING_FORMAT is set'])
  })

  test('an unknown variable is a problem that names the nearest one', async () => {
    const { problems } = await read({ TFR_SERVER_PROT: '1', PATH: '/bin', TF_LOG: 'trace' })
    expect(problems).toEqual([{ key: 'TFR_SERVER_PROT', problem: 'unknown setting', suggestion: 'TFR_SERVER_PORT' }])
  })

  test('the variable of the configuration file is no unknown one', async () => {
    expect((await read({ TFR_CONFIG: 'a.hcl' })).problems).toEqual([])
  })

  // A Service called "tfr-server" makes Kubernetes set these in every pod of its namespace.
  test('the variables of a Kubernetes Service are not read', async () => {
    const service = {
      TFR_SERVER_SERVICE_HOST: '10.0.0.1',
      TFR_SERVER_SERVICE_PORT: '8080',
      TFR_SERVER_SERVICE_PORT_HTTP: '8080',
      TFR_SERVER_PORT: 'tcp://10.0.0.1:8080',
      TFR_SERVER_PORT_8080_TCP: 'tcp://10.0.0.1:8080',
      TFR_SERVER_PORT_8080_TCP_ADDR: '10.0.0.1',
    }
    expect(await read(service)).toEqual({ values: {}, problems: [], warnings: [] })
  })

  test('a real port beside a Kubernetes Service of the same name is read', async () => {
    const { values } = await read({ TFR_SERVER_SERVICE_HOST: '10.0.0.1', TFR_SERVER_PORT: '9090' })
    expect(values).toEqual({ 'server.port': 9090 })
  })
})

describe('secrets in files', () => {
  test('a secret is read from the file named by the _FILE variable, without its last line end', async () => {
    await writeFile(join(folder, 'secret'), 'first\nsecond\r\n')
    expect((await read({ TFR_ADMIN_PASSWORD_FILE: 'secret' })).values).toEqual({ 'admin.password': 'first\nsecond' })
    expect((await read({ ENCRYPTION_KEY_FILE: join(folder, 'secret') })).values).toEqual({ 'security.encryption_key': 'first\nsecond' })
  })

  test('a secret file that is missing is a problem', async () => {
    const { problems } = await read({ TFR_JWT_SECRET_FILE: 'missing' })
    expect(problems).toEqual([{ key: 'auth.jwt_secret', problem: 'cannot read the file "missing": ENOENT', source: 'TFR_JWT_SECRET_FILE' }])
  })

  test('a secret given by value and by file is a problem', async () => {
    const { problems } = await read({ TFR_ADMIN_PASSWORD: 'a', TFR_ADMIN_PASSWORD_FILE: 'b' })
    expect(problems).toEqual([{ key: 'admin.password', problem: 'set by both TFR_ADMIN_PASSWORD and TFR_ADMIN_PASSWORD_FILE; keep one' }])
  })

  test('a setting that is no secret has no _FILE variable', async () => {
    const { problems } = await read({ TFR_SERVER_HOST_FILE: 'a' })
    expect(problems).toMatchObject([{ key: 'TFR_SERVER_HOST_FILE', problem: 'unknown setting' }])
  })
})
