import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatOpenApi } from './generate-openapi.ts'
import { OPENAPI_FILE } from './generated-file.ts'
import { ROOT } from './source-files.ts'

test('the document in the repository is the one that the routes give', async () => {
  expect(await formatOpenApi()).toBe(readFileSync(join(ROOT, OPENAPI_FILE), 'utf8'))
})
