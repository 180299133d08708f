import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { OPENAPI_FILE, writeOrCheck } from './generated-file.ts'
import { ROOT } from './source-files.ts'

/** Where the types lie in the repository. */
export const SCHEMA_FILE = 'api-client/src/schema.gen.ts'

/** What is used of the generator; it is a package of the api-client workspace, so this folder cannot import it by name. */
interface Generator {
  default(document: object, options: object): Promise<unknown>
  astToString(ast: unknown): string
}

const HEADER = `// Made from ${OPENAPI_FILE} by \`npm run generate\`. Do not edit.\n`

/** Types of every operation of the API, from the text of the OpenAPI document. */
export async function formatSchemaTypes(openApi: string): Promise<string> {
  // The generator needs the JavaScript interface of TypeScript 5, which is installed beside it for this purpose alone.
  const generator = createRequire(join(ROOT, 'api-client/package.json'))('openapi-typescript') as Generator
  const ast = await generator.default(JSON.parse(openApi) as object, { alphabetize: true })
  return HEADER + generator.astToString(ast)
}

if (import.meta.main) {
  const text = await formatSchemaTypes(readFileSync(join(ROOT, OPENAPI_FILE), 'utf8'))
  writeOrCheck({ path: SCHEMA_FILE, text, source: OPENAPI_FILE })
}
