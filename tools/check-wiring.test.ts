import { describe, expect, test } from 'vitest'
import { tableNames, unreadSettings, untestedRoutes, unusedErrorCodes, unusedTables } from './check-wiring.ts'

const messages = (problems: readonly { readonly message: string }[]) => problems.map(({ message }) => message)

describe('the check of the wiring', () => {
  test('finds a setting that nobody reads, and accepts one that is read', () => {
    const keys = [
      { key: 'server.public_url', path: ['server', 'public_url'] },
      { key: 'server.colour', path: ['server', 'colour'] },
    ]
    expect(messages(unreadSettings(keys, 'const url = config.server.publicUrl'))).toEqual(['setting "server.colour" has no reader'])
  })

  test('reads the tables out of the schema and finds those without writer or reader', () => {
    const tables = tableNames('export interface Schema {\n  users: UsersTable\n  sessions: SessionsTable\n}\n')
    expect(tables).toEqual(['users', 'sessions'])
    const sources = "db.insertInto('users'); db.selectFrom('users as u'); db.insertInto('sessions')"
    expect(messages(unusedTables(tables, sources))).toEqual(['table "sessions" is read by nobody'])
  })

  test('finds an error code that nothing throws', () => {
    expect(messages(unusedErrorCodes(['A', 'B'], "throw new RegistryError('A', '')"))).toEqual(['error code "B" is used nowhere'])
  })

  test('finds a route that no test names, whether parameters are text or a template', () => {
    const tests = ['url: `/api/v1/admin/jobs/$', "{id}/retry`, url: '/v1/providers/acme/foo/versions'"].join('')
    const paths = ['/api/v1/admin/jobs/{id}/retry', '/v1/providers/{namespace}/{type}/versions', '/api/v1/admin/jobs/{id}']
    expect(messages(untestedRoutes(paths, tests))).toEqual(['route "/api/v1/admin/jobs/{id}" is named by no test'])
  })
})
