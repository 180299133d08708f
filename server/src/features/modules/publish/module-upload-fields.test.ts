import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { publishModule } from '../../../testing/publish-modules.ts'
import { type OpenTestApp, openTestApp } from '../../../testing/test-app.ts'

describe('the fields of a publish request', () => {
  let app: OpenTestApp
  beforeAll(async () => {
    app = await openTestApp('sqlite')
  })
  afterAll(() => app.close())

  test.each<[string, Record<string, string>, string]>([
    ['a source that is no web address', { source: 'git@example.com:acme/vpc.git' }, 'it is no http or https address'],
    ['a source with a space', { source: 'https://git.example.com/a b' }, 'it is no http or https address'],
    ['a source with a NUL', { source: 'https://git.example.com/a\0' }, 'it is no http or https address'],
    ['a source without end', { source: `https://git.example.com/${'a'.repeat(500)}` }, 'it is no http or https address'],
    ['a description without end', { description: 'a'.repeat(1001) }, 'longer than 1000 characters'],
    ['a description with a NUL', { description: 'a\0' }, 'has a control character in it'],
  ])('%s is refused', async (_what, fields, text) => {
    const response = await publishModule(app, { fields })
    expect([response.statusCode, response.json()]).toEqual([
      422,
      expect.objectContaining({ code: 'RULE_BROKEN', detail: expect.stringContaining(text) }),
    ])
  })

  test('a source with a credential is refused, and the answer does not repeat it', async () => {
    const response = await publishModule(app, { fields: { source: 'https://ada:hunter2@git.example.com/acme/vpc' } })
    expect([response.statusCode, response.body]).toEqual([422, expect.stringContaining('it has a credential in it')])
    expect(response.body).not.toMatch(/hunter2|ada:/)
  })

  test('a field that comes twice is refused, whichever was meant', async () => {
    const part = (value: string) => `--x\r\ncontent-disposition: form-data; name="version"\r\n\r\n${value}\r\n`
    const response = await app.asAdmin({
      method: 'POST',
      url: '/api/v1/modules',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      payload: `${part('1.0.0')}${part('2.0.0')}--x--\r\n`,
    })
    expect([response.statusCode, response.json<{ detail: string }>().detail]).toEqual([
      400,
      'Cannot publish: the part "version" is not known or comes twice',
    ])
  })
})
