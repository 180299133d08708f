import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ERROR_CODES } from '../server/src/base/errors.ts'
import { ROOT } from './source-files.ts'

const INTRODUCTION = `# Errors

Made from the error table by \`npm run generate\`. The API answers problem JSON (RFC 9457) with \`code\`, \`detail\`, \`hint\` and
\`requestId\`; protocol routes answer \`{"errors": ["…"]}\` with the same status. Every message names the action, the object and the
state; the request id finds it in the log.
`

/** The page: one row per code, by status. */
export function formatErrorReference(): string {
  const rows = Object.entries(ERROR_CODES)
    .sort(([leftCode, left], [rightCode, right]) => left.status - right.status || (leftCode < rightCode ? -1 : 1))
    .map(([code, { status, title }]) => `| \`${code}\` | ${status} | ${title} |`)
  return `${INTRODUCTION}\n| Code | Status | Meaning |\n|---|---|---|\n${rows.join('\n')}\n`
}

if (import.meta.main) {
  const file = join(ROOT, 'docs/reference/errors.md')
  const text = formatErrorReference()
  if (!process.argv.includes('--check')) writeFileSync(file, text)
  else if (existsSync(file) && readFileSync(file, 'utf8') === text) process.stdout.write('Checked docs/reference/errors.md\n')
  else {
    process.stderr.write('docs/reference/errors.md is not made from the error table: run "npm run generate"\n')
    process.exitCode = 1
  }
}
