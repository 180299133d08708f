import { describe, expect, test } from 'vitest'
import { parseModuleSource } from './parse-module-source.ts'
import { withSubdir } from './split-subdir.ts'

const BASE = new URL('https://registry.example.com/v1/modules/acme/net/aws/1.0.0/download')
const COMMIT = '0a1b2c3d4e5f60718293a4b5c6d7e8f901234567'
const SHA256 = 'ab'.repeat(32)

const archive = (url: string, rest: object = {}) => ({ kind: 'archive', url, subdir: '', ...rest })
const git = (url: string, rest: object = {}) => ({ kind: 'git', url, subdir: '', ...rest })

describe('where a registry says that a module is', () => {
  // protocol.md 2.4, B10 to B15, B20 to B33, B46, B47.
  test.each([
    ['https://x.example/net.zip', archive('https://x.example/net.zip')],
    ['https://x.example/net.tar.gz', archive('https://x.example/net.tar.gz')],
    ['https::https://x.example/net.tgz', archive('https://x.example/net.tgz')],
    ['https://x.example/get?archive=tar.gz&sig=a%2Fb', archive('https://x.example/get?sig=a%2Fb')],
    ['https://x.example/net.zip//modules/a?sig=1', archive('https://x.example/net.zip?sig=1', { subdir: 'modules/a' })],
    ['https://x.example/o/r/tar.gz/v1//r-1.0?archive=tar.gz', archive('https://x.example/o/r/tar.gz/v1', { subdir: 'r-1.0' })],
    [
      `https://x.example/a.zip?checksum=sha256:${SHA256}`,
      archive('https://x.example/a.zip', { checksum: { algorithm: 'sha256', hex: SHA256 } }),
    ],
    [`https://x.example/a.zip?checksum=${SHA256}`, archive('https://x.example/a.zip', { checksum: { algorithm: 'sha256', hex: SHA256 } })],
    ['./archive.tar.gz', archive('https://registry.example.com/v1/modules/acme/net/aws/1.0.0/archive.tar.gz')],
    ['../a.zip//m', archive('https://registry.example.com/v1/modules/acme/net/aws/a.zip', { subdir: 'm' })],
    ['/files/a.zip?archive=zip&x=1', archive('https://registry.example.com/files/a.zip?x=1')],
    ['//other.example/a.zip', archive('https://other.example/a.zip')],
    [`git::https://github.com/acme/net?ref=${COMMIT}`, git('https://github.com/acme/net', { ref: COMMIT })],
    [
      'git::https://git.example/acme/net.git//modules/a?ref=v1.0&depth=1',
      git('https://git.example/acme/net.git', { ref: 'v1.0', subdir: 'modules/a' }),
    ],
    ['git::https://git.example/net', git('https://git.example/net')],
    ['github.com/acme/net?ref=v1', git('https://github.com/acme/net.git', { ref: 'v1' })],
    ['github.com/acme/net.git//sub', git('https://github.com/acme/net.git', { subdir: 'sub' })],
    ['git::github.com/acme/net', git('https://github.com/acme/net.git')],
  ])('%s is understood', (text, expected) => {
    expect(parseModuleSource(text, BASE)).toEqual(expected)
  })

  test.each([
    ['s3::https://s3.amazonaws.com/bucket/net.zip', 'S3'],
    ['gcs::https://www.googleapis.com/storage/v1/bucket/net.zip', 'Google'],
    ['hg::https://hg.example/net', 'Mercurial'],
    ['git::ssh://git@github.com/acme/net.git', 'SSH'],
    ['git@github.com:acme/net.git', 'SSH'],
    ['git::git@github.com:acme/net.git', 'SSH'],
    ['git::file:///etc/passwd', 'path on the machine'],
    ['file:///etc/passwd', 'path on the machine'],
    ['git::ext::sh -c id', 'no address'],
    ['net.zip', 'no address'],
    ['acme/net/aws', 'no address'],
    ['github.com/acme', 'names no repository'],
    ['https://user:secret@x.example/net.zip', 'user name'],
    ['git::https://token@git.example/net', 'user name'],
    ['git::https://git.example/net?sshkey=abc', 'sshkey'],
    ['https://x.example/net.tar.bz2', 'tar.bz2'],
    ['https://x.example/net.zip?archive=false', '.zip'],
    ['https://x.example/page', '.zip'],
    ['http://x.example/net.zip', 'http'],
    ['git::http://git.example/net', 'http'],
    ['https://x.example/a.zip?checksum=file:https://x.example/sums', 'checksum'],
    ['https://x.example/a.zip//../../x', 'outside'],
    ['https://x.example/a.zip//a%2Fb', 'unusual'],
    ['https://x.example/a.zip//a"b', 'unusual'],
  ])('%s is refused', (text, reason) => {
    expect(() => parseModuleSource(text, BASE)).toThrow(reason)
  })

  test('what is asked for in clear text may lead to clear text', () => {
    expect(parseModuleSource('/a.zip', new URL('http://x.example/v1/'))).toEqual(archive('http://x.example/a.zip'))
  })
})

// protocol.md B31, B32: clients look for the folder before the query.
test('a folder comes before the query of a link', () => {
  expect(withSubdir('/files/a.tar.gz?expires=1', 'modules/a')).toBe('/files/a.tar.gz//modules/a?expires=1')
  expect(withSubdir('/files/a.tar.gz', 'a')).toBe('/files/a.tar.gz//a')
  expect(withSubdir('/files/a.tar.gz?expires=1', '')).toBe('/files/a.tar.gz?expires=1')
})
