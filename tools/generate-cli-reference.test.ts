import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { COMMANDS } from '../cli/src/command-table/command-table.ts'
import { renderReference } from '../cli/src/program/render-reference.ts'
import { SERVER_COMMANDS } from '../server/src/main.ts'
import { CLI_REFERENCE } from './generate-cli-reference.ts'
import { ROOT } from './source-files.ts'

const page = renderReference(SERVER_COMMANDS)

test('the page in the repository is the one that the command table gives', () => {
  expect(readFileSync(join(ROOT, CLI_REFERENCE), 'utf8')).toBe(page)
})

test.each(COMMANDS.map(({ name, examples }) => [name, examples]))('the chapter of %s has its examples', (name, examples) => {
  const chapter = page.split(`\n## terrace ${name}\n`)[1]?.split('\n## ')[0] ?? ''
  for (const { command } of examples) expect(chapter).toContain(command)
})

test('every command of the server is listed', () => {
  for (const [name, summary] of Object.entries(SERVER_COMMANDS)) expect(page).toContain(`| \`terrace ${name}\` | ${summary} |`)
})
