import { describe, expect, test } from 'vitest'
import { readCredential } from './credential.ts'

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

describe('credential', () => {
  test.each([undefined, ''])('%j is none', (header) => {
    expect(readCredential(header)).toEqual({ kind: 'none' })
  })

  test.each(['Bearer abc', 'bearer abc', 'BEARER   abc '])('%j is a token', (header) => {
    expect(readCredential(header)).toEqual({ kind: 'token', token: 'abc' })
  })

  // Terraform 1.11 sends a .netrc entry as Basic to archives of a mirror; the password is the token.
  test('the password of Basic is a token', () => {
    expect(readCredential(basic('anyone:tfr_abc:d'))).toEqual({ kind: 'token', token: 'tfr_abc:d' })
  })

  // protocol.md L-8 (E18): an empty token variable must not lock a client out of what is public.
  test.each(['Bearer', 'Bearer ', 'bearer   '])('%j is no credential', (header) => {
    expect(readCredential(header)).toEqual({ kind: 'none' })
  })

  test.each(['abc', 'Bearer a b', 'Digest abc', `Bearer ${'x'.repeat(5000)}`, basic('user:'), 'Bearer tök'])(
    '%j is malformed',
    (header) => {
      expect(readCredential(header)).toEqual({ kind: 'malformed' })
    },
  )
})
