import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CONFIG_KEYS } from '../server/src/config/config-keys.ts'
import { loadConfig } from '../server/src/config/load-config.ts'
import { formatReference } from './generate-configuration-reference.ts'
import { ROOT } from './source-files.ts'

test('the page in the repository is the one that the schema gives', () => {
  expect(readFileSync(join(ROOT, 'docs/reference/configuration.md'), 'utf8')).toBe(formatReference())
})

test.each(CONFIG_KEYS.map(({ key, variables, schema }) => [key, variables[0] ?? '', schema.description ?? '']))(
  'the line of %s names its variable and description',
  (key, variable, description) => {
    const line = formatReference()
      .split('\n')
      .find((text) => text.startsWith(`| \`${key}\` |`))
    expect(line).toContain(`\`${variable}\``)
    expect(line).toContain(description)
  },
)

test('every line of a table has six cells', () => {
  const lines = formatReference()
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  for (const line of lines) expect(line.split(/(?<!\\)\|/), line).toHaveLength(8)
})

test('no variable with a secret shows a default value', () => {
  const secrets = CONFIG_KEYS.filter(({ schema }) => schema.secret)
  expect(secrets.map(({ schema }) => schema.default)).toEqual(secrets.map(() => ''))
})

test('the examples of the page are files that can be loaded, and say the same', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'terrace-reference-'))
  try {
    const configs = await Promise.all(
      ['hcl', 'yaml'].map(async (language) => {
        const example = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(formatReference())?.[1] ?? ''
        await writeFile(join(folder, `example.${language}`), example)
        return (await loadConfig({ env: {}, cwd: folder, file: `example.${language}` })).config
      }),
    )
    expect(configs[0]?.server.publicUrl).toBe('https://registry.example.com')
    expect(configs[0]).toEqual(configs[1])
  } finally {
    await rm(folder, { recursive: true })
  }
})
