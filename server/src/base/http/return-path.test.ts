import { expect, test } from 'vitest'
import { readReturnPath } from './return-path.ts'

test.each([
  '/',
  '/modules',
  '/modules/acme/network/aws?tab=inputs&q=a%20b#readme',
  '/oauth/authorize?client_id=terraform-cli&redirect_uri=http%3A%2F%2Flocalhost%3A10000%2Flogin&state=a//b',
  '/@acme',
  '/modules/acme%20inc',
])('%s is a path of our own', (path) => {
  expect(readReturnPath(path)).toBe(path)
})

// reliability.md row 35.
test.each([
  '//evil.example',
  '///evil.example',
  '////evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '\\/evil.example',
  '/\\/evil.example',
  'https://evil.example',
  'https:evil.example',
  'https:/evil.example',
  'http:///evil.example',
  'HTTPS://evil.example',
  'javascript:alert(1)',
  'java\tscript:alert(1)',
  'data:text/html,x',
  'evil.example',
  '@evil.example',
  'user@evil.example/',
  '.evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/\r/evil.example',
  '/%09/evil.example',
  '/%0d%0aLocation:%20//evil.example',
  '/%2f/evil.example',
  '/%2f%2fevil.example',
  '/%5cevil.example',
  '/%255cevil.example',
  '/.//evil.example',
  '/..//evil.example',
  '/%2e%2e//evil.example',
  '/a/..//evil.example',
  '/a/../%2fevil.example',
  '/./\\evil.example',
  ' //evil.example',
  '\0//evil.example',
  '/ /evil.example',
  '/\u2028/evil.example',
  '/\u2215evil.example',
  '/\uff0fevil.example',
  '?next=//evil.example',
  '#//evil.example',
  `/${'a'.repeat(2000)}`,
  '',
  undefined,
  null,
  ['/modules', '//evil.example'],
])('%j leads nowhere but home', (text) => {
  expect(readReturnPath(text)).toBe('/')
})
