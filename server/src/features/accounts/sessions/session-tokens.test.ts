import { generateKeyPairSync, sign as signBytes } from 'node:crypto'
import { SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { testClock } from '../../../testing/test-edge.ts'
import { createSessionTokens, looksLikeSessionToken } from './session-tokens.ts'

const KEY = new Uint8Array(32).fill(1)
const clock = testClock()
const tokens = createSessionTokens({ jwtKey: KEY, clock })
const CLAIMS = { userId: 'user-1', sessionId: 'session-1' }
const NOW_S = clock.now() / 1000
const PAYLOAD = { iss: 'terrace', aud: 'terrace:session', sub: 'user-1', jti: 'session-1', iat: NOW_S, exp: NOW_S + 3600 }

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token with a right signature over any header and payload. */
function signed(changes: Record<string, unknown>, header: { alg: string; typ?: string } = { alg: 'HS256', typ: 'JWT' }): Promise<string> {
  return new SignJWT({ ...PAYLOAD, ...changes }).setProtectedHeader(header).sign(KEY)
}

describe('session token', () => {
  test('says who and which session, and nothing of what they may do', async () => {
    const token = await tokens.sign(CLAIMS, { issuedAt: clock.now(), expiresAt: clock.now() + 3_600_000 })
    expect(looksLikeSessionToken(token)).toBe(true)
    expect(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())).toEqual(PAYLOAD)
    expect(await tokens.verify(token)).toEqual(CLAIMS)
  })

  // The cases below change one thing each; this one shows that nothing else is wrong with them.
  test('a right signature over the right claims is accepted', async () => {
    expect(await tokens.verify(await signed({}))).toEqual(CLAIMS)
  })

  // reliability.md row 22.
  test.each([
    ['another issuer', { iss: 'other' }],
    ['another audience', { aud: 'other' }],
    ['no audience', { aud: undefined }],
    ['no subject', { sub: undefined }],
    ['no session', { jti: undefined }],
    ['no issue time', { iat: undefined }],
    ['no expiry', { exp: undefined }],
    ['an expiry in the past', { exp: NOW_S - 1 }],
    ['an expiry right now', { exp: NOW_S }],
    ['a start in the future', { nbf: NOW_S + 60 }],
    ['a subject that is no text', { sub: 7 }],
  ])('%s is refused', async (_name, changes) => {
    expect(await tokens.verify(await signed(changes as Record<string, unknown>))).toBeUndefined()
  })

  test.each([{ alg: 'HS512', typ: 'JWT' }, { alg: 'HS384', typ: 'JWT' }, { alg: 'HS256', typ: 'at+jwt' }, { alg: 'HS256' }])(
    'the header %j is refused',
    async (header) => {
      expect(await tokens.verify(await signed({}, header))).toBeUndefined()
    },
  )

  test.each(['none', 'None', 'NONE', ' HS256', 'hs256', ''])('the algorithm %j without a signature is refused', async (alg) => {
    const unsigned = `${encode({ alg, typ: 'JWT' })}.${encode(PAYLOAD)}.`
    expect(looksLikeSessionToken(unsigned)).toBe(false)
    expect(await tokens.verify(unsigned)).toBeUndefined()
  })

  test('a key that the token brings along is not used', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const header = encode({
      alg: 'RS256',
      typ: 'JWT',
      jwk: publicKey.export({ format: 'jwk' }),
      jku: 'http://127.0.0.1/',
      kid: '../../key',
    })
    const content = `${header}.${encode(PAYLOAD)}`
    const token = `${content}.${signBytes('sha256', Buffer.from(content), privateKey).toString('base64url')}`
    expect(await tokens.verify(token)).toBeUndefined()
  })

  test('a changed claim is refused', async () => {
    const [header, , signature] = (await signed({})).split('.')
    expect(await tokens.verify(`${header}.${encode({ ...PAYLOAD, sub: 'user-2' })}.${signature}`)).toBeUndefined()
  })

  test('another key is refused', async () => {
    const others = createSessionTokens({ jwtKey: new Uint8Array(32).fill(2), clock })
    expect(await others.verify(await signed({}))).toBeUndefined()
  })

  test.each(['a.b.c', 'eyJ.eyJ.x', '..', 'a.b.c.d', '%'])('the text %j is refused', async (text) => {
    expect(await tokens.verify(text)).toBeUndefined()
  })
})
