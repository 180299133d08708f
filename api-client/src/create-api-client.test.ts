import { describe, expect, test } from 'vitest'
import { createApiClient } from './create-api-client.ts'
import { isProblem } from './problem.ts'

const JOB = { id: '7', state: 'completed' }
const PROBLEM = { code: 'JOB_NOT_FOUND', status: 404, detail: 'Cannot find job "8": there is none with this id', requestId: 'r1' }

/** A client whose requests are answered here. */
function clientWith(token: string | undefined) {
  const requests: Request[] = []
  const client = createApiClient({
    baseUrl: 'https://registry.example.com',
    token: () => token,
    fetch: async (request) => {
      requests.push(request)
      const found = request.url.includes('/jobs/7')
      return Response.json(found ? JOB : PROBLEM, { status: found ? 200 : 404 })
    },
  })
  return { client, requests }
}

describe('api client', () => {
  test('parameters fill the address and the query, and the token goes along', async () => {
    const { client, requests } = clientWith('tfr_secret')
    const { data } = await client.GET('/api/v1/admin/jobs/{id}', { params: { path: { id: '7' }, query: { limit: 5 } } })
    expect(data).toEqual(JOB)
    expect(requests[0]?.url).toBe('https://registry.example.com/api/v1/admin/jobs/7?limit=5')
    expect(requests[0]?.headers.get('authorization')).toBe('Bearer tfr_secret')
  })

  test('without a token no credential is sent', async () => {
    const { client, requests } = clientWith(undefined)
    await client.GET('/api/v1/admin/jobs/{id}', { params: { path: { id: '7' } } })
    expect(requests[0]?.headers.has('authorization')).toBe(false)
  })

  test('a refusal is an answer that can be told from the problem of a proxy', async () => {
    const { client } = clientWith('tfr_secret')
    const { error } = await client.GET('/api/v1/admin/jobs/{id}', { params: { path: { id: '8' } } })
    expect(isProblem(error)).toBe(true)
    expect([{ title: 'Bad Gateway' }, 'text', null, [], { ...PROBLEM, hint: 3 }].filter(isProblem)).toEqual([])
  })
})
