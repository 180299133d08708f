import { describe, expect, test } from 'vitest'
import { parseGitUrl } from './git-url.ts'

describe('URLs of Git repositories', () => {
  test.each([
    ['https://github.com/acme/terraform-aws-vpc.git', 'https://github.com/acme/terraform-aws-vpc.git'],
    ['https://github.com/acme/terraform-aws-vpc/', 'https://github.com/acme/terraform-aws-vpc'],
    ['HTTPS://GitHub.com:443/acme/vpc', 'https://github.com/acme/vpc'],
    ['https://git.sr.ht/~acme/vpc', 'https://git.sr.ht/~acme/vpc'],
    ['https://dev.azure.com/acme/a%20project/_git/vpc', 'https://dev.azure.com/acme/a%20project/_git/vpc'],
    ['https://[2606:4700::1]:8443/vpc.git', 'https://[2606:4700::1]:8443/vpc.git'],
    ['https://b\u00fccher.example/vpc', undefined],
    ['https://xn--bcher-kva.example/vpc', 'https://xn--bcher-kva.example/vpc'],
    ['https://example.com/a/../b', 'https://example.com/b'],
  ])('%s is read as %s', (text, expected) => {
    if (expected === undefined) expect(() => parseGitUrl(text)).toThrow('it is not a URL')
    else expect(parseGitUrl(text).href).toBe(expected)
  })

  // reliability.md row 19: go-getter CVE-2024-3817, CVE-2024-6257; git CVE-2017-1000117, CVE-2020-5260, CVE-2024-52006
  test.each([
    '',
    'acme/vpc',
    '/etc/passwd',
    'file:///etc/passwd',
    'ext::sh -c touch% /tmp/pwned',
    'ext::https://example.com/a',
    'fd::17',
    'git://example.com/a',
    'git::https://example.com/a',
    'git+ssh://example.com/a',
    'ssh://git@example.com/a',
    'ssh://-oProxyCommand=touch/a',
    'git@example.com:acme/vpc.git',
    'http://example.com/a',
    'ftp://example.com/a',
    'gopher://example.com/a',
    'javascript:alert(1)',
    '--upload-pack=touch /tmp/pwned',
    '-c core.fsmonitor=touch',
    'https://',
    'https:///',
    'https://example.com',
    'https://example.com/',
    'https://example.com//',
    'https://user@example.com/a',
    'https://user:password@example.com/a',
    'https://:password@example.com/a',
    'https://example.com/a?ref=main',
    'https://example.com/a?',
    'https://example.com/a#main',
    'https://example.com/a//modules/b',
    'https://example.com/a b',
    'https://example.com/a\n--upload-pack=x',
    'https://example.com/a\r\nHost: other',
    'https://example.com/a\t',
    'https://example.com/a\0b',
    'https://example.com/a%00b',
    'https://example.com/a%0ahost=other',
    'https://example.com/a%0D%0Aprotocol=x',
    'https://example.com/%1b[2J',
    'https://example.com\\@other.example/a',
    'https:\\\\example.com\\a',
    'https://example.com/$(touch x)',
    'https://example.com/`touch x`',
    'https://example.com/a;b',
    "https://example.com/a'b",
    'https://example.com/a"b',
    'https://example.com/a|b',
    'https://example.com/a*',
    'https://example.com/a%zz',
    'https://example.com./a',
    'https://-example.com/a',
    'https://example-.com/a',
    'https://+example.com/a',
    'https://*/a',
    'https://*.example.com/a',
    'https://exa_mple.com/a',
    'https://example.com:0x1bb/a',
    'https://example.com:99999/a',
    'https://127.0.0.1,example.com/a',
    `https://example.com/${'a'.repeat(1000)}`,
  ])('%j is refused', (text) => {
    expect(() => parseGitUrl(text)).toThrow(
      expect.objectContaining({ code: 'UPSTREAM_REFUSED', detail: expect.objectContaining({ reason: 'git_url' }) }),
    )
  })

  test.each([
    ['https://2130706433/a', '127.0.0.1'],
    ['https://0x7f.1/a', '127.0.0.1'],
    ['https://0177.0.0.1/a', '127.0.0.1'],
    ['https://%31%32%37.0.0.1/a', '127.0.0.1'],
    ['https://[::ffff:127.0.0.1]/a', '[::ffff:7f00:1]'],
  ])('the address in %s is spelled as it is checked', (text, host) => {
    expect(parseGitUrl(text).hostname).toBe(host)
  })

  test('a refusal shows neither password nor control characters', () => {
    const refuse = (text: string) => () => parseGitUrl(text)
    expect(refuse('https://user:canary@example.com/a')).toThrow('Cannot read the Git repository "https://example.com/a"')
    expect(refuse('https://example.com/\u001b[31mred')).toThrow('"https://example.com/%1B[31mred"')
  })
})
