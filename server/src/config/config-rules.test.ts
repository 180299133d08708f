import { describe, expect, test } from 'vitest'
import { assembleConfig } from './assemble-config.ts'
import { checkRules } from './config-rules.ts'

function findings(values: Record<string, unknown>): string[] {
  const config = assembleConfig(new Map(Object.entries(values)), '/srv')
  return checkRules(config).map(({ keys, problem, warning }) => `${warning ? 'warning: ' : ''}${keys[0]} ${problem}`)
}

const RANDOM = 'f3a9c1d07b2e48560f1a2b3c4d5e6f70819203a4b5c6d7e8f90a1b2c3d4e5f60'

describe('settings that fit together', () => {
  test.each([
    ['the defaults', {}],
    ['TLS with both files', { 'server.tls_enabled': true, 'server.tls_cert_path': 'a', 'server.tls_key_path': 'b' }],
    ['a proxy that is named', { 'server.behind_proxy': true, 'server.trusted_proxies': ['10.0.0.0/8', '::1', '192.0.2.1/32'] }],
    ['two free ports', { 'server.port': 0, 'server.local_tls_port': 0 }],
    ['PostgreSQL on a socket', { 'database.url': 'postgresql:///terrace?host=/run/postgresql' }],
    ['secrets that differ', { 'auth.jwt_secret': RANDOM, 'security.encryption_key': `${RANDOM}x` }],
    ['a first administrator', { 'admin.username': 'root', 'admin.password': 'twelve chars' }],
    [
      'single sign-on alone',
      { 'auth.local_accounts': false, 'auth.oidc': [{ name: 'corp', issuer: 'https://id.example.com', client_id: 'terrace' }] },
    ],
    ['a log file', { 'logging.output': 'both', 'logging.file_path': 'a.log' }],
    [
      'trusted keys',
      {
        'providers.trusted_keys': [
          { scope: 'Registry.example.com/acme', file: 'k' },
          { scope: 'bücher.example', file: 'k' },
        ],
      },
    ],
    ['a proxy with a password', { 'outbound.proxy_url': 'http://user:secret@proxy.example.com:3128' }],
    ['origins and Redis', { 'security.cors.allowed_origins': ['https://portal.example.com'], 'redis.url': 'rediss://:pw@redis:6380/1' }],
    ['an upstream elsewhere', { upstream: { 'registry.terraform.io': { url: 'https://127.0.0.1:8443' } } }],
  ])('%s', (_name, values) => {
    expect(findings(values)).toEqual([])
  })
})

describe('settings that do not', () => {
  test.each([
    [{ data_dir: '' }, 'data_dir must not be empty'],
    [{ 'server.port': 8443 }, 'server.local_tls_port is the same port as "server.port", 8443'],
    [{ 'server.tls_enabled': true, 'server.tls_cert_path': 'a' }, 'server.tls_key_path is needed when "server.tls_enabled" is true'],
    [{ 'server.behind_proxy': true }, 'server.trusted_proxies must name the proxy when "server.behind_proxy" is true'],
    [{ 'database.min_idle_connections': 11 }, 'database.min_idle_connections must not be more than "database.max_connections", 10'],
    [{ 'database.url': 'mysql://db' }, 'database.url must be an address like postgres://user:password@host:5432/name'],
    [{ 'auth.jwt_secret': RANDOM.slice(1) }, expect.stringMatching(/^auth\.jwt_secret has less than 256 bits; .*openssl rand -base64 32$/)],
    [{ 'security.encryption_key': 'ab'.repeat(32) }, 'security.encryption_key is too easy to guess; take a random text'],
    [{ 'auth.jwt_secret': RANDOM, 'security.encryption_key': RANDOM }, 'security.encryption_key must differ from "auth.jwt_secret"'],
    [{ 'auth.local_accounts': false }, 'auth.local_accounts can be false only with "auth.oidc" or "auth.azure_ad"; nobody could sign in'],
    [{ 'admin.username': 'root' }, 'admin.password is needed when "admin.username" is set'],
    [{ 'admin.password': 'twelve chars' }, 'admin.username is needed when "admin.password" is set'],
    [{ 'admin.username': 'root', 'admin.password': 'eleven char' }, 'admin.password must have at least 12 characters'],
    [{ 'logging.output': 'file' }, 'logging.file_path is needed when "logging.output" is "file"'],
    [
      { 'providers.download_timeout_seconds': 601 },
      'providers.download_total_timeout_seconds must not be less than "providers.download_timeout_seconds", 601',
    ],
    [{ 'providers.default_hostname': 'https://a.b' }, 'providers.default_hostname must be a host name, not "https://a.b"'],
    [{ 'mirror.upstreams': ['https://a.b'] }, 'mirror.upstreams "https://a.b" is not a host name'],
    [{ 'mirror.upstreams': ['A.b'], 'server.public_url': 'https://a.b' }, 'mirror.upstreams "a.b" is this server itself'],
    [{ upstream: { 'a.b:8443': {} } }, 'upstream "a.b:8443" is not a host name'],
    [{ upstream: { 'a.b': { url: 'ftp://c.d' } } }, 'upstream the url of "a.b" must begin with http:// or https://'],
    [{ 'redis.url': 'localhost:6379' }, 'redis.url must be an address like redis://:password@host:6379/0'],
    [
      { 'security.cors.allowed_origins': ['*'] },
      'security.cors.allowed_origins must be an address like https://registry.example.com, not "*"',
    ],
    [{ 'outbound.proxy_url': 'proxy' }, 'outbound.proxy_url must be an address like http://proxy.example.com:3128'],
  ])('%j', (values, finding) => {
    expect(findings(values)).toEqual([finding])
  })

  test.each(['registry', 'a.b/c/d/e', 'a.b/', '/acme', 'a.b:8443/acme'])('the scope "%s" of a trusted key is refused', (scope) => {
    const values = { 'providers.trusted_keys': [{ scope, file: 'k' }] }
    expect(findings(values)).toEqual([
      `providers.trusted_keys the scope must be HOST, HOST/NAMESPACE or HOST/NAMESPACE/TYPE, not "${scope}"`,
    ])
    expect(findings({ 'mirror.unsigned': [scope] })[0]).toContain('mirror.unsigned the scope must be HOST, ')
  })

  test.each([
    [{ scope: 'a.b' }, 'the scope must be HOST/NAMESPACE or HOST/NAMESPACE/TYPE, not "a.b"'],
    [{ url: 'file:///etc/passwd' }, 'the url of "a.b/c" must be a web address'],
    [{ fingerprints: ['34365D9472D7468F'] }, 'a fingerprint has 40 hexadecimal digits, not "34365D9472D7468F"'],
  ])('a source of signing keys with %j is refused', (wrong, problem) => {
    const source = { scope: 'a.b/c', url: 'https://a.b/key.asc', fingerprints: ['a'.repeat(40)], ...wrong }
    expect(findings({ 'mirror.signing_key_sources': [source] })).toEqual([`mirror.signing_key_sources ${problem}`])
  })

  test.each([
    ['registry.example.com', 'must be an address like https://registry.example.com'],
    ['ftp://registry.example.com', 'must begin with http:// or https://'],
    ['https://user:pw@registry.example.com', 'must not hold a user name or password'],
    ['https://registry.example.com/terrace', 'must not go on after the host and port'],
    ['https://registry.example.com/?a', 'must not go on after the host and port'],
  ])('the public address %s is refused', (url, problem) => {
    expect(findings({ 'server.public_url': url })).toEqual([`server.public_url ${problem}`])
  })

  test.each(['*', '10.0.0.0/33', 'fd00::/129', '10.0.0/8', 'proxy.example.com', '10.0.0.0/8/8', '10.0.0.0/'])(
    'the network "%s" is refused',
    (network) => {
      const problem = `must hold networks like 10.0.0.0/8 or fd00::/8, not "${network}"`
      expect(findings({ 'outbound.allowed_networks': [network] })).toEqual([`outbound.allowed_networks ${problem}`])
    },
  )

  // reliability.md row 36: whoever believes the headers of everybody believes any client.
  test.each(['0.0.0.0/0', '::/0'])('the proxy network %s is refused', (network) => {
    const values = { 'server.behind_proxy': true, 'server.trusted_proxies': [network] }
    expect(findings(values)).toEqual([`server.trusted_proxies must not trust everybody, as "${network}" does`])
  })
})

describe('settings that only deserve a warning', () => {
  test.each([
    [{ 'server.tls_key_path': 'k' }, 'server.tls_key_path has no effect while "server.tls_enabled" is false'],
    [{ 'server.trusted_proxies': ['10.0.0.1'] }, 'server.trusted_proxies has no effect while "server.behind_proxy" is false'],
    [{ 'server.public_url': 'http://localhost:8080' }, 'server.public_url is not https; Terraform and OpenTofu install from https only'],
    [{ 'logging.file_path': 'a.log' }, 'logging.file_path has no effect while "logging.output" is "stdout"'],
    [{ 'outbound.allowed_networks': ['0.0.0.0/0'] }, 'outbound.allowed_networks "0.0.0.0/0" allows every private address'],
    [
      { 'mirror.sealed': true, 'features.auto_download_providers': true },
      'features.auto_download_providers has no effect while "mirror.sealed" is true',
    ],
    [
      { 'mirror.sealed': true, 'features.auto_download_modules': true },
      'features.auto_download_modules has no effect while "mirror.sealed" is true',
    ],
  ])('%j', (values, finding) => {
    expect(findings(values)).toEqual([`warning: ${finding}`])
  })
})
