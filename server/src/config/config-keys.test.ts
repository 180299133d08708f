import { describe, expect, test } from 'vitest'
import { CONFIG_KEYS, type ConfigKey, OTHER_VARIABLES, SECRET_FILE_SUFFIX } from './config-keys.ts'
import { readEnvironment } from './read-environment.ts'

const SAMPLES: Readonly<Record<string, string>> = { integer: '7', boolean: 'true', array: '[]', object: '{}' }

function sampleText({ schema }: ConfigKey): string {
  return SAMPLES[schema.type ?? ''] ?? 'text'
}

describe('settings and variables', () => {
  test.each(CONFIG_KEYS.flatMap((entry) => entry.variables.map((variable) => [variable, entry.key, entry] as const)))(
    '%s sets %s alone',
    async (variable, key, entry) => {
      const { values, problems } = await readEnvironment({ [variable]: sampleText(entry) }, '/')
      expect(problems).toEqual([])
      expect([...values].map(([name, { source }]) => [name, source])).toEqual([[key, variable]])
    },
  )

  test('no variable stands for two settings, or for a setting and a file with a secret', () => {
    const names = CONFIG_KEYS.flatMap(({ variables, schema }) => [
      ...variables,
      ...(schema.secret ? variables.map((variable) => `${variable}${SECRET_FILE_SUFFIX}`) : []),
    ])
    expect(new Set([...names, ...OTHER_VARIABLES]).size).toBe(names.length + OTHER_VARIABLES.length)
  })

  // requirements.md CFG-14, CFG-15, C7, C15: these names are contracts.
  test.each([
    ['TFR_DATA_DIR', 'data_dir'],
    ['TFR_SERVER_PORT', 'server.port'],
    ['TFM_SERVER_PORT', 'server.port'],
    ['TFR_STORAGE_LOCAL_PATH', 'storage.local.path'],
    ['TFM_ADMIN_USERNAME', 'admin.username'],
    ['TFR_ADMIN_PASSWORD', 'admin.password'],
    ['TFR_JWT_SECRET', 'auth.jwt_secret'],
    ['ENCRYPTION_KEY', 'security.encryption_key'],
    ['LOG_FORMAT', 'logging.format'],
  ])('the documented variable %s sets %s', (variable, key) => {
    expect(CONFIG_KEYS.find(({ variables }) => variables.includes(variable))?.key).toBe(key)
  })

  test('every setting has a description and a default', () => {
    for (const { key, schema } of CONFIG_KEYS) {
      expect(schema.description, key).toMatch(/^[A-Z].+\.$/)
      expect(schema.default, key).toBeDefined()
    }
  })
})
