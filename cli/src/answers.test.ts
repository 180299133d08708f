import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { problem, type Responder, startFakeApi } from './testing/fake-api.ts'
import { terraceHome } from './testing/run-terrace.ts'

/** Runs a command against a server that answers its one request so. */
async function listJobsAgainst(responder: Responder, flags: readonly string[] = []) {
  const { run } = await terraceHome(onTestFinished)
  const { url } = await startFakeApi(onTestFinished, { 'GET /api/v1/admin/jobs': responder })
  return { url, ...(await run(['mirror', 'jobs', '--server', url, ...flags], { env: { TERRACE_TOKEN: 'tfr_x' } })) }
}

// ux.md 6: 0 ok, 1 failed, 2 usage, 3 not found, 4 denied, 5 conflict, 6 unavailable.
test.each([
  [3, { code: 'JOB_NOT_FOUND', status: 404, detail: 'Cannot find job "7": there is none' }, 'Run: terrace mirror jobs'],
  [4, { code: 'SCOPE_MISSING', status: 403, detail: 'Cannot publish: it lacks the scope', hint: 'Ask for it' }, 'Ask for it'],
  [5, { code: 'PROVIDER_VERSION_EXISTS', status: 409, detail: 'Cannot publish: it is immutable', hint: 'Take 1.2.1' }, 'Take 1.2.1'],
  [1, { code: 'INVALID_PACKAGE', status: 422, detail: 'Cannot publish: the zip is broken', hint: 'Make it again' }, 'Make it again'],
  [1, { code: 'INTERNAL', status: 500, detail: 'Cannot go on: unexpected', hint: 'Tell us' }, 'Tell us'],
  [6, { code: 'RATE_LIMITED', status: 429, detail: 'Cannot go on: too many requests', hint: 'Wait 3 s' }, 'Wait 3 s'],
  [6, { code: 'NOT_READY', status: 503, detail: 'Cannot go on: the server is stopping', hint: 'Wait' }, 'Wait'],
  [6, { code: 'STORAGE_FULL', status: 507, detail: 'Cannot publish: the storage is full', hint: 'Make room' }, 'Make room'],
])('exit code %i for %j: message, next step, code and request id, nothing else', async (code, given, hint) => {
  const { url: _url, ...outcome } = await listJobsAgainst(problem(given))
  expect(outcome).toEqual({
    code,
    signal: null,
    stdout: '',
    stderr: `${given.detail}\n${hint}\nError code: ${given.code}\nRequest id: req-7\n`,
  })
})

test('a conflict is told with the digests of both sides', async () => {
  const { stderr } = await listJobsAgainst(
    problem({
      code: 'MODULE_VERSION_EXISTS',
      status: 409,
      detail: 'Cannot publish: other content',
      hint: 'Take 1.2.1',
      context: { published: 'sha256:aa', offered: 'sha256:bb', rule: 'x', spoof: 'sha256:\u001b[2J' },
    }),
  )
  expect(stderr).toBe(
    'Cannot publish: other content\n  published: sha256:aa\n  offered: sha256:bb\n  spoof: sha256:?[2J\nTake 1.2.1\nError code: MODULE_VERSION_EXISTS\nRequest id: req-7\n',
  )
})

test('a generic refusal is told as that of the action', async () => {
  const { stderr } = await listJobsAgainst(problem({ code: 'RATE_LIMITED', status: 429, detail: 'Cannot answer the request: too many' }))
  expect(stderr).toBe('Cannot list jobs: too many\nError code: RATE_LIMITED\nRequest id: req-7\n')
})

test('a credential that is refused is told with where it came from', async () => {
  const { code, stderr } = await listJobsAgainst(
    problem({ code: 'TOKEN_INVALID', status: 401, detail: 'Cannot answer the request: wrong' }),
  )
  expect({ code, stderr }).toEqual({
    code: 4,
    stderr: 'Cannot list jobs: wrong\nCheck the API key in TERRACE_TOKEN\nError code: TOKEN_INVALID\nRequest id: req-7\n',
  })
})

test('without a credential the way to get one is told', async () => {
  const { run } = await terraceHome(onTestFinished)
  const { url, requests } = await startFakeApi(onTestFinished, {
    'GET /api/v1/admin/jobs': problem({ code: 'TOKEN_REQUIRED', status: 401, detail: 'Cannot answer the request: no credential' }),
  })
  const { code, stderr } = await run(['mirror', 'jobs'], { env: { TERRACE_SERVER: url } })
  expect({ code, stderr }).toEqual({
    code: 4,
    stderr: expect.stringContaining(`Cannot list jobs: you are not signed in to ${url}\nRun: terrace login`),
  })
  expect(requests[0]?.headers.authorization).toBeUndefined()
})

test.each([
  { what: 'a page of something else', reply: { status: 200, text: '<html>' }, state: 'answers 200 OK', code: 1 },
  { what: 'the error page of a proxy', reply: { status: 502, text: 'Bad Gateway' }, state: 'answers 502 Bad Gateway', code: 6 },
  { what: 'a redirect', reply: { status: 302, headers: { location: 'https://sso/' } }, state: 'redirects to https://sso/', code: 1 },
])('$what is not taken for an answer', async ({ reply, state, code }) => {
  const outcome = await listJobsAgainst(reply)
  expect(outcome).toMatchObject({ code, stdout: '' })
  expect(outcome.stderr).toContain(`Cannot list jobs: ${outcome.url} ${state}, which is no answer of Terrace\n`)
})

test('a server that is not there is told with exit code 6', async () => {
  const { run } = await terraceHome(onTestFinished)
  const { code, stderr } = await run(['mirror', 'jobs', '--server', 'http://127.0.0.1:1'])
  expect({ code, stderr }).toEqual({
    code: 6,
    stderr: expect.stringMatching(/^Cannot list jobs: no answer from http:\/\/127\.0\.0\.1:1: nothing listens there\nStart the server/),
  })
})

test('a server that says nothing is given up after --timeout', async () => {
  const { code, stderr } = await listJobsAgainst(() => undefined, ['--timeout', '0.3'])
  expect({ code, stderr }).toEqual({ code: 6, stderr: expect.stringContaining('within 0.3 s\nRaise --timeout') })
})

test('a server that speaks no HTTP is told as such', async () => {
  const { run } = await terraceHome(onTestFinished)
  const server = createServer((socket) => socket.end('220 mail.example ESMTP\r\n'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const plain = await run(['mirror', 'jobs', '--server', `http://127.0.0.1:${port}`])
  const tls = await run(['mirror', 'jobs', '--server', `127.0.0.1:${port}`])
  server.close()
  expect(plain).toMatchObject({ code: 6, stderr: expect.stringContaining('it does not speak HTTP') })
  expect(tls).toMatchObject({
    code: 6,
    stderr: expect.stringContaining(`it does not speak TLS\nWrite http:// in front if that is right: http://127.0.0.1:${port}`),
  })
})

test('--verbose tells requests on standard error and leaves the data alone', async () => {
  const { code, stdout, stderr, url } = await listJobsAgainst({ json: { items: [], total: 0, limit: 100, offset: 0 } }, ['-v', '--json'])
  expect({ code, document: JSON.parse(stdout) }).toEqual({ code: 0, document: { schema_version: 1, items: [], total: 0 } })
  expect(stderr).toMatch(new RegExp(`^> GET ${url}/api/v1/admin/jobs\\?limit=100&offset=0\n< 200 \\d+ ms, request id req-7\n$`))
  expect(stderr).not.toContain('tfr_x')
})
