import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { deflateSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openTestGit } from '../../testing/git-client.ts'
import { type GitServer, hasGit, startGitServer, type TestRepository } from '../../testing/git-server.ts'
import type { GitLimits } from './git.ts'

const MIB = 1024 ** 2
const SYSTEM = '/usr/local/bin:/usr/bin:/bin'

type ArchiveArguments = [commit: string, limits: GitLimits, searchPath?: string]

/** Faults of the other side and limits of ours; each must leave nothing. reliability.md P9 and rows 5, 6 and 19 */
describe.skipIf(!hasGit)('limits of git (when skipped: apt-get install git)', () => {
  let server: GitServer
  let repositories = 0

  beforeAll(async () => {
    server = await startGitServer()
  })
  afterEach(() => {
    server.intercept = undefined
  })
  afterAll(() => server.close())

  const createRepository = () => server.createRepository(`${++repositories}.git`)

  /** How archiving ends; nothing may be left then. */
  async function archive(repository: TestRepository, ...[commit, limits, searchPath]: ArchiveArguments) {
    const { git, leftovers } = openTestGit(searchPath === undefined ? {} : { searchPath })
    const outcome = await git.archiveCommit({ url: repository.url, caFile: server.caFile }, commit, limits).then(
      async (file) => {
        await file.discard()
        return { size: file.size }
      },
      (error: unknown) => ({ error }),
    )
    expect(leftovers()).toEqual({ files: [], processes: [] })
    return outcome
  }

  /** Takes the requests for a pack over; settles at the first of them. */
  function onPack(answer: (response: ServerResponse) => void): Promise<unknown> {
    return new Promise((resolve) => {
      server.intercept = (_request, response, body) => {
        if (!body.includes('command=fetch')) return false
        answer(response)
        resolve(undefined)
        return true
      }
    })
  }

  test('a repository with more bytes than allowed is given up while it comes', async () => {
    const repository = createRepository()
    const commit = repository.commit({ 'main.tf': '', big: randomBytes(8 * MIB) })
    expect(await archive(repository, commit, { maxRepositoryBytes: MIB })).toMatchObject({
      error: { code: 'UPSTREAM_REFUSED', detail: { reason: 'too_large' } },
    })
    expect(await archive(repository, commit, { maxRepositoryBytes: 16 * MIB })).toMatchObject({ size: expect.any(Number) })
  })

  test('a repository with more objects than allowed is refused', async () => {
    const repository = createRepository()
    const commit = repository.commit(Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`${index}.tf`, `# ${index}`])))
    expect(await archive(repository, commit, { maxObjects: 101 })).toMatchObject({
      error: { code: 'UPSTREAM_REFUSED', detail: { reason: 'too_large', limit: 101, unit: 'objects' } },
    })
    // The files, their folder and the commit.
    expect(await archive(repository, commit, { maxObjects: 102 })).toMatchObject({ size: expect.any(Number) })
  })

  test('a pack that announces more objects than allowed is given up before it comes', async () => {
    const repository = createRepository()
    const commit = repository.commit({ 'main.tf': '' })
    void onPack((response) => {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' })
      const [head] = endlessPack()
      response.write(head)
      response.write(frame(Buffer.from([0xb0, 0x80, 0x80, 0x80, 0x80, 0x01, 0x78, 0x01])))
    })
    expect(await archive(repository, commit, { maxObjects: 1000, timeoutMs: 20_000 })).toMatchObject({
      error: { detail: { reason: 'too_large', unit: 'objects' } },
    })
  })

  test('a server that gives single objects instead of a pack is refused, as nothing bounds them', async () => {
    const repository = createRepository()
    const commit = repository.commit({ 'main.tf': '', big: randomBytes(MIB) })
    const pack = join(repository.path, 'objects', 'pack')
    const packed = readdirSync(pack).filter((name) => name.endsWith('.pack'))
    const bytes = packed.map((name) => readFileSync(join(pack, name)))
    rmSync(pack, { recursive: true })
    for (const content of bytes) repository.git(['unpack-objects', '-q'], content)
    repository.git(['update-server-info'])
    let asked = 0
    server.intercept = ({ url = '' }, response) => {
      const path = new URL(url, server.url).pathname.replace(/^\/[^/]+/, '')
      // What we ask first is answered as a Git server does.
      if (path === '/info/refs' && ++asked === 1) return false
      const file = join(repository.path, path)
      response.writeHead(existsSync(file) ? 200 : 404).end(existsSync(file) ? readFileSync(file) : '')
      return true
    }
    expect(await archive(repository, commit, { maxRepositoryBytes: MIB / 2 })).toMatchObject({
      error: { code: 'UPSTREAM_REFUSED', message: expect.stringContaining('not send its objects in a pack') },
    })
  })

  test('a small pack that unpacks to many bytes is refused', async () => {
    const repository = createRepository()
    const commit = repository.commit({ 'main.tf': '', bomb: Buffer.alloc(64 * MIB) })
    expect(await archive(repository, commit, { maxRepositoryBytes: MIB, maxTarBytes: 8 * MIB })).toMatchObject({
      error: { code: 'UPSTREAM_REFUSED', detail: { reason: 'too_large', unit: 'tar bytes' } },
    })
  })

  test('the same content in many places counts as often as it is there', async () => {
    const repository = createRepository()
    const content = randomBytes(MIB)
    const commit = repository.commit(Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`${index}.bin`, content])))
    expect(await archive(repository, commit, { maxRepositoryBytes: 2 * MIB, maxTarBytes: 8 * MIB })).toMatchObject({
      error: { detail: { reason: 'too_large', unit: 'tar bytes' } },
    })
  })

  test('an archive with more bytes than allowed is refused', async () => {
    const repository = createRepository()
    const commit = repository.commit({ 'main.tf': '', big: randomBytes(MIB) })
    expect(await archive(repository, commit, { maxArchiveBytes: MIB })).toMatchObject({
      error: { code: 'UPSTREAM_REFUSED', detail: { reason: 'too_large', unit: 'archive bytes' } },
    })
    expect(await archive(repository, commit, { maxArchiveBytes: MIB + 10_000 })).toMatchObject({ size: expect.any(Number) })
  })

  test('a server that stops answering is left when the time is over', async () => {
    const repository = createRepository()
    const commit = repository.commit({ 'main.tf': '' })
    void onPack(() => undefined)
    expect(await archive(repository, commit, { timeoutMs: 1_500 })).toMatchObject({
      error: { code: 'UPSTREAM_UNAVAILABLE', message: expect.stringContaining('took longer than 1.5 seconds') },
    })
  })

  test('a server that sends one byte at a time is left when the time is over', async () => {
    const repository = createRepository()
    const commit = repository.commit({ 'main.tf': '' })
    void onPack((response) => {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' })
      response.write('000dpackfile\n')
      const timer = setInterval(() => response.write('0005\x02'), 50)
      response.on('close', () => clearInterval(timer))
    })
    expect(await archive(repository, commit, { timeoutMs: 2_000 })).toMatchObject({
      error: { code: 'UPSTREAM_UNAVAILABLE', detail: { reason: 'timeout' } },
    })
  })

  test('a server that sends without end is stopped at the limit', async () => {
    const repository = createRepository()
    const commit = repository.commit({ 'main.tf': '' })
    void onPack((response) => {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' })
      Readable.from(endlessPack()).pipe(response)
    })
    expect(await archive(repository, commit, { maxRepositoryBytes: 4 * MIB, timeoutMs: 20_000 })).toMatchObject({
      error: { code: 'UPSTREAM_REFUSED', detail: { reason: 'too_large', unit: 'bytes' } },
    })
  })

  test('an object that would need more memory than allowed is refused', async () => {
    const repository = createRepository()
    const commit = repository.commit({ 'main.tf': '' })
    void onPack((response) => {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' })
      response.end(Buffer.concat([Buffer.from('000dpackfile\n'), frame(packOfHugeDelta()), Buffer.from('0000')]))
    })
    expect(await archive(repository, commit, {})).toMatchObject({
      error: { code: 'UPSTREAM_REFUSED', message: expect.stringContaining('reading it needs too much memory') },
    })
  })

  test('a server that dies in the middle of a pack may be there again later', async () => {
    const repository = createRepository()
    const commit = repository.commit({ 'main.tf': '' })
    void onPack((response) => {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' })
      response.write('000dpackfile\n', () => response.write('0010\x01PACK\0\0\0\x02\0\0\0', () => response.socket?.destroy()))
    })
    expect(await archive(repository, commit, {})).toMatchObject({ error: { code: 'UPSTREAM_UNAVAILABLE' } })
  })

  test.each([
    ['that asks to wait', 429, 'UPSTREAM_RATE_LIMITED'],
    ['that fails', 503, 'UPSTREAM_UNAVAILABLE'],
    ['that wants a password', 401, 'UPSTREAM_REFUSED'],
    ['that answers something else', 200, 'UPSTREAM_REFUSED'],
  ])('a server %s (%i) is reported as %s', async (_name, status, code) => {
    server.intercept = (_request, response) => {
      response.writeHead(status, { 'www-authenticate': 'Basic realm="x"', 'content-type': 'text/html' }).end('<html>')
      return true
    }
    expect(await archive({ ...createRepository() }, 'a'.repeat(40), {})).toMatchObject({ error: { code } })
  })

  test.each([
    ['that wants a password', 401],
    ['that fails', 500],
  ])('a server %s (%i) only for the pack asks nobody and leaves nothing', async (_name, status) => {
    const repository = createRepository()
    const commit = repository.commit({ 'main.tf': '' })
    void onPack((response) => response.writeHead(status, { 'www-authenticate': 'Basic realm="x"' }).end())
    expect(await archive(repository, commit, { timeoutMs: 20_000 })).toMatchObject({
      error: { code: status === 500 ? 'UPSTREAM_UNAVAILABLE' : 'UPSTREAM_REFUSED' },
    })
  })

  test('what a server writes into its answer is shown on one line without control characters', async () => {
    const repository = createRepository()
    const commit = repository.commit({ 'main.tf': '' })
    const text = 'ERR \u001b[31mno space left, red\u0007'
    void onPack((response) => {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' })
      response.end(`${(text.length + 4).toString(16).padStart(4, '0')}${text}`)
    })
    const { error } = (await archive(repository, commit, {})) as { error: Error & { detail: object } }
    expect(error).toMatchObject({ code: 'UPSTREAM_REFUSED' })
    expect(`${error.message}${JSON.stringify(error.detail)}`).toMatch(/^[ -~]*red[ -~]*$/)
  })

  test.each([
    [3, 'UPSTREAM_REFUSED'],
    [127, 'GIT_MISSING'],
  ])('an archive that breaks off with status %i is not taken for a whole one', async (status, code) => {
    const repository = createRepository()
    const commit = repository.commit({ 'main.tf': '' })
    const folder = mkdtempSync(join(tmpdir(), 'terrace-broken-git-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const script = `[ "$1" = archive ] && { head -c 512 /dev/zero; exit ${status}; }\nPATH=${SYSTEM} exec git "$@"\n`
    writeFileSync(join(folder, 'git'), `#!/bin/sh\n${script}`, { mode: 0o755 })
    expect(await archive(repository, commit, {}, `${folder}:${SYSTEM}`)).toMatchObject({ error: { code } })
  })

  test('aborting rejects with the reason, while it waits and before it began', async () => {
    const repository = createRepository()
    const commit = repository.commit({ 'main.tf': '' })
    const controller = new AbortController()
    const reached = onPack(() => undefined)
    const outcome = archive(repository, commit, { signal: controller.signal })
    await reached
    controller.abort(new Error('enough'))
    expect(await outcome).toMatchObject({ error: { message: 'enough' } })
    expect(await archive(repository, commit, { signal: controller.signal })).toMatchObject({ error: { message: 'enough' } })
  })
})

/** A pack that begins as one does, and goes on as long as anybody takes it. */
function* endlessPack(): Generator<Buffer, void> {
  yield Buffer.from('000dpackfile\n0011\x01PACK\0\0\0\x02\0\0\xff\xff', 'latin1')
  // One stored blob of 4 GiB: type and size, then a zlib stream of stored blocks.
  yield frame(Buffer.from([0xb0, 0x80, 0x80, 0x80, 0x80, 0x01, 0x78, 0x01]))
  const block = Buffer.concat([Buffer.from([0, 0x60, 0xea, 0x9f, 0x15]), randomBytes(60_000)])
  for (;;) yield frame(block)
}

/** A blob of one byte, and a delta on it that promises 16 GiB. Source: gitformat-pack(5) */
function packOfHugeDelta(): Buffer {
  const base = Buffer.concat([Buffer.from([0x31]), deflateSync('a')])
  const delta = Buffer.from([0x01, 0x80, 0x80, 0x80, 0x80, 0x40, 0x01, 0x61])
  const body = Buffer.concat([
    Buffer.from('PACK\0\0\0\x02\0\0\0\x02', 'latin1'),
    base,
    Buffer.from([0x60 | delta.length, base.length]),
    deflateSync(delta),
  ])
  return Buffer.concat([body, createHash('sha1').update(body).digest()])
}

const frame = (content: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${(content.length + 5).toString(16).padStart(4, '0')}\x01`), content])
