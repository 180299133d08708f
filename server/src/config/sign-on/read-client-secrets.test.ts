import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ConfigError } from '../config-error.ts'
import { loadConfig } from '../load-config.ts'
import { printConfig } from '../print-config.ts'

const OKTA = { name: 'okta', issuer: 'https://id.example.com/oauth2', client_id: 'terrace' }

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'terrace-secrets-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

const load = (cwd: string, ...providers: object[]) => loadConfig({ cwd, env: { TFR_AUTH_OIDC: JSON.stringify(providers) } })

async function problemsOf(loading: Promise<unknown>) {
  const error = await loading.catch((thrown: unknown) => thrown)
  return error instanceof ConfigError ? error.problems : []
}

describe('secrets of OpenID clients in files', () => {
  test('are read, each for its provider, without the line break at the end', async () => {
    const cwd = folderWith({ okta: 'the secret of okta\n', google: 'the secret of google' })
    const google = { ...OKTA, name: 'google', client_secret_file: join(cwd, 'google') }
    const { config } = await load(cwd, { ...OKTA, client_secret_file: 'okta' }, google, { ...OKTA, name: 'public' })
    expect(config.auth.oidc.map(({ name, clientSecret }) => [name, clientSecret])).toEqual([
      ['okta', 'the secret of okta'],
      ['google', 'the secret of google'],
      ['public', undefined],
    ])
  })

  test('come from the configuration file too, and are never shown', async () => {
    const cwd = folderWith({
      okta: 'the secret of okta\n',
      'terrace.hcl':
        'auth {\n  oidc {\n    name = "okta"\n    issuer = "https://id.example.com"\n    client_id = "a"\n    client_secret_file = "okta"\n  }\n}\n',
    })
    const loaded = await loadConfig({ cwd, env: {}, file: 'terrace.hcl' })
    expect(loaded.config.auth.oidc[0]?.clientSecret).toBe('the secret of okta')
    expect(printConfig(loaded.config)).not.toContain('the secret of okta')
  })

  test('that are missing, or given twice, are told by the provider that wants them', async () => {
    const cwd = folderWith({ okta: 'the secret of okta' })
    const both = { ...OKTA, client_secret: 'the secret', client_secret_file: 'okta' }
    const missing = { ...OKTA, name: 'google', client_secret_file: 'none' }
    expect(await problemsOf(load(cwd, both, missing))).toMatchObject([
      { key: 'auth.oidc[0].client_secret_file', problem: '"okta" has "client_secret" too; keep one', source: 'TFR_AUTH_OIDC' },
      { key: 'auth.oidc[1].client_secret_file', problem: 'cannot read the file "none": ENOENT' },
    ])
  })
})
