import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type GitServer, hasGit, startGitServer } from '../../testing/git-server.ts'
import { createOutbound, type Outbound } from '../outbound/outbound.ts'
import { createSpool, type Spool } from '../spool.ts'
import { createGit, type Git } from './git.ts'

describe.skipIf(!hasGit)('git (when skipped: apt-get install git)', () => {
  let root: string
  let server: GitServer
  let outbound: Outbound
  let spool: Spool
  let git: Git

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'terrace-git-client-'))
    server = await startGitServer()
    outbound = createOutbound({
      allowedNetworks: ['127.0.0.1', '::1'],
      apiTimeoutMs: 5_000,
      clock: { now: () => 0 },
      logger: { debug: () => undefined },
    })
    spool = createSpool(root)
    git = createGit({ outbound, spool })
  })

  afterAll(async () => {
    await outbound.close()
    await server.close()
    await rm(root, { recursive: true })
  })

  test('an annotated tag means its commit, and the archive holds what was committed', async () => {
    const repository = server.createRepository('first.git')
    const first = repository.commit({ 'main.tf': 'one' })
    repository.git(['-c', 'user.name=T', '-c', 'user.email=t@example.com', 'tag', '-a', '-m', 'first', 'v1.0.0', 'main'])
    repository.commit({ 'main.tf': 'two' })
    const source = { url: repository.url, caFile: server.caFile }
    expect(await git.resolveRef(source, 'v1.0.0')).toBe(first)
    const archive = await git.archiveCommit(source, first)
    expect(gunzipSync(await readFile(archive.path)).toString('latin1')).toContain('one')
    await archive.discard()
    expect((await readdir(root, { recursive: true })).length).toBe(1)
  })
})
