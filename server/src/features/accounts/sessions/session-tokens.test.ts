import { createHmac, generateKeyPairSync, sign as signBytes } from 'node:crypto'
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

/** A token of any header and payload text, signed with any key. */
function forged(header: string, payload: string, key: string | Uint8Array): string {
  const content = `${Buffer.from(header).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`
  return `${content}.${createHmac('sha256', key).update(content).digest('base64url')}`
}

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
    ['a session that is no text', { jti: ['session-1'] }],
    ['an issuer among others', { iss: ['terrace', 'other'] }],
    ['an audience that only begins right', { aud: 'terrace:session:other' }],
    ['an audience in capitals', { aud: 'TERRACE:SESSION' }],
    ['an expiry as text', { exp: String(NOW_S + 3600) }],
    ['an expiry of null', { exp: null }],
    ['a start as text', { nbf: 'now' }],
    ['an issue time as text', { iat: 'now' }],
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

  const { publicKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const { publicKey: ec, privateKey: ecPrivate } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const own = new Uint8Array(32).fill(9)
  const ownJwk = { kty: 'oct', k: Buffer.from(own).toString('base64url') }

  // The well-known confusions: each token is signed with something that the attacker has and that its header points to.
  test.each<[string, Record<string, unknown>, string | Uint8Array]>([
    ['a public RSA key as the secret', {}, rsa.export({ type: 'spki', format: 'pem' })],
    ['a public EC key as the secret', {}, ec.export({ type: 'spki', format: 'der' })],
    ['an embedded symmetric key', { jwk: ownJwk }, own],
    ['an embedded key under a fitting id', { kid: '1', jwk: { ...ownJwk, kid: '1' } }, own],
    ['a key at an address', { jku: 'http://127.0.0.1:1/keys', kid: '1' }, own],
    ['a certificate at an address', { x5u: 'http://127.0.0.1:1/cert', x5c: ['AA=='] }, own],
    ['an empty file as the key', { kid: '../../../../dev/null' }, ''],
    ['a query for the key', { kid: "x' UNION SELECT 'k" }, 'k'],
    ['an empty key', {}, ''],
    ['a key of zeros', {}, new Uint8Array(32)],
  ])('%s is not used', async (_name, header, key) => {
    expect(
      await tokens.verify(forged(JSON.stringify({ alg: 'HS256', typ: 'JWT', ...header }), JSON.stringify(PAYLOAD), key)),
    ).toBeUndefined()
  })

  test.each(['RS256', 'PS256', 'ES256', 'EdDSA', 'HS256'])('a signature of an EC key is refused under the algorithm %s', async (alg) => {
    const content = `${encode({ alg, typ: 'JWT' })}.${encode(PAYLOAD)}`
    const signature = signBytes('sha256', Buffer.from(content), { key: ecPrivate, dsaEncoding: 'ieee-p1363' }).toString('base64url')
    expect(await tokens.verify(`${content}.${signature}`)).toBeUndefined()
  })

  // CVE-2026-22817 and others: what the header names twice or marks as critical must not change how it is checked.
  test.each([
    '{"alg":"HS256","alg":"none","typ":"JWT"}',
    '{"alg":"none","alg":"HS512","typ":"JWT"}',
    '{"alg":"HS256","typ":"JWT","crit":["x"],"x":1}',
    '{"alg":"HS256","typ":"JWT","crit":["b64"],"b64":false}',
    '{"alg":["HS256"],"typ":"JWT"}',
    '{"alg":null,"typ":"JWT"}',
    '{"typ":"JWT"}',
    '[]',
    'null',
    '',
  ])('the header %s is refused over the right key', async (header) => {
    expect(await tokens.verify(forged(header, JSON.stringify(PAYLOAD), KEY))).toBeUndefined()
  })

  test.each(['[]', 'null', '"text"', '7', '{', '', '\ufeff{}'])('the payload %j is refused over the right key', async (payload) => {
    expect(await tokens.verify(forged('{"alg":"HS256","typ":"JWT"}', payload, KEY))).toBeUndefined()
  })

  // Parsers differ in which of two counts; only one of them may look at a token.
  test('of a claim that is there twice the last one counts', async () => {
    const twice = JSON.stringify(PAYLOAD).replace('"sub":"user-1"', '"sub":"user-2","sub":"user-1"')
    expect(await tokens.verify(forged('{"alg":"HS256","typ":"JWT"}', twice, KEY))).toEqual(CLAIMS)
    const expired = JSON.stringify(PAYLOAD)
      .replace('"iat"', `"exp":${NOW_S + 60},"iat"`)
      .replace(/"exp":\d+\}$/, `"exp":${NOW_S - 1}}`)
    expect(await tokens.verify(forged('{"alg":"HS256","typ":"JWT"}', expired, KEY))).toBeUndefined()
  })

  test('a token that is wrapped in another, cut or prolonged is refused', async () => {
    const right = await signed({})
    const [header = '', payload = '', signature = ''] = right.split('.')
    const changed = [
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `.${payload}.${signature}`,
      `${right}.`,
      `${right}.${signature}`,
      `${right}=`,
    ]
    const wrapped = forged('{"alg":"HS256","typ":"JWT","cty":"JWT"}', right, KEY)
    for (const text of [...changed, wrapped, ` ${right}`, `${right}\n`, right.slice(0, -2)]) {
      expect(await tokens.verify(text), text).toBeUndefined()
    }
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
