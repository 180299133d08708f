import { renderReference } from '../cli/src/program/render-reference.ts'
import { SERVER_COMMANDS } from '../server/src/main.ts'
import { writeOrCheck } from './generated-file.ts'

/** Where the page lies in the repository. */
export const CLI_REFERENCE = 'docs/reference/cli.md'

if (import.meta.main) writeOrCheck({ path: CLI_REFERENCE, text: renderReference(SERVER_COMMANDS), source: 'the command table' })
