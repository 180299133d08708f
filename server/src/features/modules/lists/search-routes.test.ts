import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../../testing/dialects.ts'
import { publishNewModule } from '../../../testing/publish-modules.ts'
import { type OpenTestApp, openTestApp } from '../../../testing/test-app.ts'
import { testClock } from '../../../testing/test-edge.ts'

const API = '/api/v1/modules/search'
const PROTOCOL = '/v1/modules/search'

interface Found {
  readonly items?: readonly { id: string }[]
  readonly modules?: readonly { id: string }[]
}

interface Page {
  readonly modules: readonly { id: string }[]
  readonly meta: { readonly next_url?: string }
}

describe.each(DIALECTS)('searching modules through the edge, on %s', (dialect) => {
  let app: OpenTestApp
  beforeAll(async () => {
    const clock = testClock()
    app = await openTestApp(dialect, {}, { clock })
    for (const address of ['acme/network/aws', 'acme/network/google', 'other/network/aws', 'acme/vault/aws']) {
      await publishNewModule(app, { address, fields: { description: 'A network or so' } })
      clock.advance(1000)
    }
    for (const address of ['other/network/aws', 'other/network/aws', 'acme/vault/aws']) {
      await app.request(`/v1/modules/${address}/1.0.0/download`)
    }
    await app.deps.downloads.flush()
    const mark = { deprecated: true, message: 'use acme/network/aws', successor: 'acme/network/aws' }
    await app.asAdmin({ method: 'PATCH', url: '/api/v1/modules/acme/network/google', payload: mark })
  })
  afterAll(() => app.close())

  /** Addresses in the order of the answer. */
  const search = async (url: string): Promise<string[]> => {
    const { items, modules } = (await app.request(url)).json<Found>()
    return (items ?? modules ?? []).map(({ id }) => id.replace(/\/1\.0\.0$/, ''))
  }

  describe.each([API, PROTOCOL])('%s', (base) => {
    test.each([
      ['namespace=other', ['other/network/aws']],
      ['namespace=OTHER', ['other/network/aws']],
      ['system=google', ['acme/network/google']],
      ['deprecated=true', ['acme/network/google']],
      ['namespace=acme&system=aws&deprecated=false', ['acme/network/aws', 'acme/vault/aws']],
      ['sort=name&deprecated=false', ['acme/network/aws', 'other/network/aws', 'acme/vault/aws']],
      ['sort=downloads&deprecated=false', ['other/network/aws', 'acme/vault/aws', 'acme/network/aws']],
      ['sort=date', ['acme/vault/aws', 'other/network/aws', 'acme/network/google', 'acme/network/aws']],
      ['sort=relevance', ['other/network/aws', 'acme/network/aws', 'acme/network/google', 'acme/vault/aws']],
      ['sort=name&limit=1&offset=1', ['acme/network/google']],
    ])('q=network&%s', async (query, expected) => {
      expect(await search(`${base}?q=network&${query}`)).toEqual(expected)
    })

    // reliability.md row 5
    test.each([
      'limit=0',
      'limit=-1',
      'limit=101',
      'limit=1.5',
      'limit=1e9',
      'limit=NaN',
      'limit=',
      'limit=1&limit=2',
      'offset=-1',
      'offset=0.5',
      'offset=1e99',
      'sort=random',
      'deprecated=perhaps',
    ])('%s is refused', async (query) => {
      // biome-ignore format: a list of words
      expect((await app.request(`${base}?q=network&${query}`)).statusCode).toBe(400)
    })

    test.each(['%00', "';--", '*', '"', 'a OR b', 'x'.repeat(256), '(', 'name:'])('q=%s is only words', async (q) => {
      expect((await app.request(`${base}?q=${encodeURIComponent(q)}`)).statusCode).toBe(200)
    })
  })

  test('typed beginnings, slips and resources find too', async () => {
    expect(await search(`${API}?q=netw&system=google`)).toEqual(['acme/network/google'])
    expect(await search(`${API}?q=vualt`)).toEqual(['acme/vault/aws'])
  })

  test('provider is the word of the public registry for a system', async () => {
    expect(await search(`${PROTOCOL}?q=network&provider=google`)).toEqual(['acme/network/google'])
  })

  // protocol.md 6.4
  test('nobody verifies modules here', async () => {
    for (const url of [`${PROTOCOL}?q=network&verified=true`, '/v1/modules?verified=true', '/v1/modules/acme?verified=true']) {
      expect((await app.request(url)).json()).toEqual({ meta: { limit: 15, current_offset: 0 }, modules: [] })
    }
    expect(await search('/v1/modules?verified=false')).toHaveLength(4)
  })

  // requirements.md PUB-16, PUB-17
  test('the interface is told the latest version, the downloads and the state', async () => {
    const { items, ...page } = (await app.request(`${API}?q=network&system=google`)).json()
    expect(page).toEqual({ total: 1, limit: 50, offset: 0 })
    expect(items).toEqual([
      expect.objectContaining({
        id: 'acme/network/google/1.0.0',
        system: 'google',
        latest_version: '1.0.0',
        download_count: 0,
        deprecated: true,
        deprecation_message: 'use acme/network/aws',
        successor: 'acme/network/aws',
      }),
    ])
  })

  // protocol.md M-22 (6.4): a summary has these members and no others.
  test('lists and searches have the shape of the public registry', async () => {
    const expected = {
      meta: { limit: 1, current_offset: 1, next_offset: 2, prev_offset: 0, next_url: expect.any(String), prev_url: expect.any(String) },
      modules: [
        {
          id: 'acme/network/google/1.0.0',
          owner: 'acme',
          namespace: 'acme',
          name: 'network',
          version: '1.0.0',
          provider: 'google',
          provider_logo_url: '',
          description: 'A network or so',
          source: '',
          tag: 'v1.0.0',
          published_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
          downloads: 0,
          verified: false,
        },
      ],
    }
    for (const url of [
      '/v1/modules?limit=1&offset=1',
      '/v1/modules/acme?limit=1&offset=1',
      `${PROTOCOL}?q=network&sort=name&limit=1&offset=1`,
    ]) {
      expect((await app.request(url)).json()).toEqual(expected)
    }
  })

  test.each(['/v1/modules/acme?limit=2', '/v1/modules?namespace=acme&limit=1', '/v1/modules/ACME?limit=3'])(
    'the links of %s lead through all of it, with its filters',
    async (start) => {
      const seen: string[] = []
      for (let url: string | undefined = start; url !== undefined; ) {
        const page: Page = (await app.request(url)).json()
        seen.push(...page.modules.map(({ id }) => id))
        url = page.meta.next_url
      }
      expect(seen).toEqual(['acme/network/aws/1.0.0', 'acme/network/google/1.0.0', 'acme/vault/aws/1.0.0'])
    },
  )

  test('a next link begins behind the last module that was shown, whatever is listed before it since', async () => {
    const { meta } = (await app.request('/v1/modules?limit=2')).json<Page>()
    expect(meta.next_url).toMatch(/\?limit=2&offset=2&after=acme%2Fnetwork%2Fgoogle$/)
    const page = (await app.request(String(meta.next_url?.replace('offset=2', 'offset=900')))).json<Page>()
    expect(page.modules.map(({ id }) => id)).toEqual(['acme/vault/aws/1.0.0', 'other/network/aws/1.0.0'])
  })

  test.each(['acme', 'acme/network', 'acme/network/aws/1.0.0', '%00', '//', ''])('after=%s is refused', async (after) => {
    expect((await app.request(`/v1/modules?after=${after}`)).statusCode).toBe(400)
  })
})
