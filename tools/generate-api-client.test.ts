import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatSchemaTypes, SCHEMA_FILE } from './generate-api-client.ts'
import { OPENAPI_FILE } from './generated-file.ts'
import { ROOT } from './source-files.ts'

test('the types in the repository are those that the OpenAPI document gives', async () => {
  const openApi = readFileSync(join(ROOT, OPENAPI_FILE), 'utf8')
  expect(await formatSchemaTypes(openApi)).toBe(readFileSync(join(ROOT, SCHEMA_FILE), 'utf8'))
})
