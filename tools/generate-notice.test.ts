import { expect, test } from 'vitest'
import { formatHomepage, formatNotice } from './generate-notice.ts'

test.each([
  [{ homepage: 'https://a.example#readme' }, 'https://a.example'],
  [{ repository: 'owner/name' }, 'https://github.com/owner/name'],
  [{ repository: { url: 'git+ssh://git@github.com/owner/name.git' } }, 'https://github.com/owner/name'],
  [{ repository: { url: 'git://github.com/owner/name.git' } }, 'https://github.com/owner/name'],
  [{}, ''],
])('the page of %j is %j', (manifest, page) => {
  expect(formatHomepage(manifest)).toBe(page)
})

test('packages of the product come before packages for building it', () => {
  const notice = formatNotice([
    { name: 'a', license: 'MIT', homepage: 'https://a.example', distributed: false },
    { name: 'b', license: 'ISC', homepage: 'https://b.example', distributed: true },
  ])
  expect(notice.split('\n').filter((line) => line.startsWith('- '))).toEqual(['- b (ISC) https://b.example', '- a (MIT) https://a.example'])
})
