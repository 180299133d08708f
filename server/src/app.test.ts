import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DIALECTS } from './testing/dialects.ts'
import { type TestApp, testApp } from './testing/test-app.ts'

interface OpenApi {
  readonly paths: Readonly<Record<string, { readonly get?: { readonly parameters?: readonly { readonly name: string }[] } }>>
}

/** Every route that answers pages, so that none can be forgotten. */
async function listRoutes(app: TestApp): Promise<string[]> {
  const { paths } = (await app.request('/openapi.json')).json<OpenApi>()
  return Object.entries(paths)
    .filter(([path, { get }]) => !path.includes('{') && get?.parameters?.some(({ name }) => name === 'limit'))
    .map(([path]) => path)
}

/** The API answers `items` and `limit`, the protocol's documents a named array and `meta` (protocol.md 6.4). */
function pageIn(document: { limit?: number; meta?: { limit: number } }): { rows: unknown[]; limit: number } {
  const rows = Object.values<unknown>(document).find((value) => Array.isArray(value))
  const limit = document.limit ?? document.meta?.limit
  if (rows === undefined || limit === undefined) throw new Error(`No page: ${JSON.stringify(document)}`)
  return { rows, limit }
}

const wholeNumber = fc.oneof(
  fc.constantFrom('-1', '0', '1', '100', '101', '1e9', '1000000000', '9007199254740993', '1e400', 'NaN', 'Infinity', '-0', '0x10', ''),
  fc.integer().map(String),
  fc.double().map(String),
  fc.string(),
)
const query = fc.record(
  { limit: fc.array(wholeNumber, { minLength: 1, maxLength: 2 }), offset: fc.array(wholeNumber, { minLength: 1, maxLength: 2 }) },
  { requiredKeys: [] },
)

describe.each(DIALECTS)('every list on %s', (dialect) => {
  // reliability.md row 5, CVE-2023-2253
  test('answers at most a hundred rows or refuses, whatever limit and offset are', async () => {
    const app = await testApp(dialect, { TFR_RATE_LIMIT_ENABLED: 'false' })
    const routes = await listRoutes(app)
    expect(routes).toEqual(
      expect.arrayContaining(['/api/v1/admin/providers', '/api/v1/admin/jobs', '/api/v1/admin/quarantine', '/api/v1/audit']),
    )
    for (const route of routes) {
      await fc.assert(
        fc.asyncProperty(query, async (pairs) => {
          const text = new URLSearchParams(Object.entries(pairs).flatMap(([name, values]) => values.map((value) => [name, value])))
          const response = await app.asAdmin({ url: `${route}?${text}` })
          if (response.statusCode === 400) return
          const { rows, limit } = pageIn(response.json())
          expect([response.statusCode, limit >= 1 && limit <= 100, rows.length <= limit]).toEqual([200, true, true])
        }),
        { numRuns: 25 },
      )
    }
  })
})

/** Addresses with a place for a text, and where a text may go into a query. */
const TEXT_PLACES = [
  '/api/v1/admin/jobs/TEXT',
  '/api/v1/admin/jobs?state=TEXT',
  '/api/v1/admin/providers?q=TEXT&namespace=TEXT&hostname=TEXT&type=TEXT&version=TEXT',
  '/api/v1/audit?action=TEXT&object=TEXT&actor=TEXT',
  '/v1/providers/TEXT/TEXT/versions',
  '/v1/providers/acme/widget/1.0.0/download/TEXT/TEXT',
  '/v1/mirror/TEXT/TEXT/TEXT/index.json',
  '/v1/mirror/registry.example.com/acme/widget/TEXT.json',
  '/shasums/TEXT/TEXT',
  '/files/TEXT',
]

describe.each(DIALECTS)('any text in an address on %s', (dialect) => {
  // A NUL character is an error for PostgreSQL alone.
  test('is answered or refused, never a fault of the server', async () => {
    const app = await testApp(dialect, { TFR_RATE_LIMIT_ENABLED: 'false' })
    const text = fc.oneof(fc.constantFrom('\0', 'a\0b', '%', '_', "'", '../..', '\ud800', 'ÿ', '1.0.0'), fc.string({ unit: 'binary' }))
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...TEXT_PLACES), text, async (place, value) => {
        const url = place.replaceAll('TEXT', encodeURIComponent(value.toWellFormed()))
        expect([(await app.asAdmin({ url })).statusCode < 500, url]).toEqual([true, url])
      }),
      { numRuns: 150 },
    )
  })
})
