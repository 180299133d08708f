import type { Config } from './config-schema.ts'
import { canonicalHostname, networkBits, originProblem, proxyProblem } from './config-texts.ts'
import { notificationRules } from './notification-rules.ts'
import type { RuleFinding } from './rule-finding.ts'
import { secretProblem } from './secret-strength.ts'
import { signOnRules } from './sign-on/sign-on-rules.ts'

const MIN_PASSWORD_CHARACTERS = 12

/** Rules between settings, and texts with a form of their own. */
export function checkRules(config: Config): RuleFinding[] {
  return [
    ...serverRules(config),
    ...tlsRules(config),
    ...proxyRules(config),
    ...databaseRules(config),
    ...secretRules(config),
    ...adminRules(config),
    ...passwordRules(config),
    ...signOnRules(config),
    ...loggingRules(config),
    ...providerRules(config),
    ...outboundRules(config),
    ...upstreamRules(config),
    ...mirrorRules(config),
    ...bundleRules(config),
    ...signingKeySourceRules(config),
    ...corsRules(config),
    ...redisRules(config),
    ...notificationRules(config),
  ]
}

function* serverRules({ dataDir, server }: Config): Generator<RuleFinding> {
  if (dataDir === '') yield { keys: ['data_dir'], problem: 'must not be empty' }
  if (server.port !== 0 && server.port === server.localTlsPort) {
    yield { keys: ['server.local_tls_port', 'server.port'], problem: `is the same port as "server.port", ${server.port}` }
  }
  const problem = server.publicUrl === '' ? undefined : originProblem(server.publicUrl)
  if (problem !== undefined) yield { keys: ['server.public_url'], problem }
  if (server.publicUrl.startsWith('http://')) {
    yield { keys: ['server.public_url'], problem: 'is not https; Terraform and OpenTofu install from https only', warning: true }
  }
}

function* tlsRules({ server }: Config): Generator<RuleFinding> {
  for (const [key, value] of [['server.tls_cert_path', server.tlsCertPath] as const, ['server.tls_key_path', server.tlsKeyPath] as const]) {
    if (server.tlsEnabled && value === '')
      yield { keys: [key, 'server.tls_enabled'], problem: 'is needed when "server.tls_enabled" is true' }
    if (!server.tlsEnabled && value !== '')
      yield { keys: [key], problem: 'has no effect while "server.tls_enabled" is false', warning: true }
  }
}

function* proxyRules({ server }: Config): Generator<RuleFinding> {
  const { behindProxy, trustedProxies } = server
  if (behindProxy && trustedProxies.length === 0) {
    yield { keys: ['server.trusted_proxies', 'server.behind_proxy'], problem: 'must name the proxy when "server.behind_proxy" is true' }
  }
  if (!behindProxy && trustedProxies.length > 0) {
    yield { keys: ['server.trusted_proxies'], problem: 'has no effect while "server.behind_proxy" is false', warning: true }
  }
  for (const network of trustedProxies) {
    const bits = networkBits(network)
    if (bits === undefined) yield { keys: ['server.trusted_proxies'], problem: notANetwork(network) }
    if (bits === 0) yield { keys: ['server.trusted_proxies'], problem: `must not trust everybody, as "${network}" does` }
  }
}

function* databaseRules({ database }: Config): Generator<RuleFinding> {
  if (database.url !== '' && !(URL.canParse(database.url) && /^postgres(?:ql)?:\/\//.test(database.url))) {
    yield { keys: ['database.url'], problem: 'must be an address like postgres://user:password@host:5432/name' }
  }
  if (database.minIdleConnections > database.maxConnections) {
    yield {
      keys: ['database.min_idle_connections', 'database.max_connections'],
      problem: `must not be more than "database.max_connections", ${database.maxConnections}`,
    }
  }
}

function* secretRules({ auth, security }: Config): Generator<RuleFinding> {
  for (const [key, secret] of [
    ['auth.jwt_secret', auth.jwtSecret] as const,
    ['security.encryption_key', security.encryptionKey] as const,
  ]) {
    const problem = secret === '' ? undefined : secretProblem(secret)
    if (problem !== undefined) yield { keys: [key], problem }
  }
  if (auth.jwtSecret !== '' && auth.jwtSecret === security.encryptionKey) {
    yield { keys: ['security.encryption_key', 'auth.jwt_secret'], problem: 'must differ from "auth.jwt_secret"' }
  }
}

function* adminRules({ admin }: Config): Generator<RuleFinding> {
  if (admin.username !== '' && admin.password === '') {
    yield { keys: ['admin.password', 'admin.username'], problem: 'is needed when "admin.username" is set' }
  }
  if (admin.username === '' && admin.password !== '') {
    yield { keys: ['admin.username', 'admin.password'], problem: 'is needed when "admin.password" is set' }
  }
  if (admin.password !== '' && [...admin.password].length < MIN_PASSWORD_CHARACTERS) {
    yield { keys: ['admin.password'], problem: `must have at least ${MIN_PASSWORD_CHARACTERS} characters` }
  }
}

function* passwordRules({ auth }: Config): Generator<RuleFinding> {
  if (!auth.localAccounts && auth.oidc.length === 0 && !auth.azureAd.enabled) {
    yield { keys: ['auth.local_accounts'], problem: 'can be false only with "auth.oidc" or "auth.azure_ad"; nobody could sign in' }
  }
}

function* loggingRules({ logging }: Config): Generator<RuleFinding> {
  const toFile = logging.output === 'file' || logging.output === 'both'
  if (toFile && logging.filePath === '') {
    yield { keys: ['logging.file_path', 'logging.output'], problem: `is needed when "logging.output" is "${logging.output}"` }
  }
  if (!toFile && logging.filePath !== '') {
    yield { keys: ['logging.file_path'], problem: `has no effect while "logging.output" is "${logging.output}"`, warning: true }
  }
}

function* providerRules({ providers }: Config): Generator<RuleFinding> {
  const { defaultHostname, downloadTimeoutSeconds, downloadTotalTimeoutSeconds, trustedKeys } = providers
  if (downloadTotalTimeoutSeconds < downloadTimeoutSeconds) {
    yield {
      keys: ['providers.download_total_timeout_seconds', 'providers.download_timeout_seconds'],
      problem: `must not be less than "providers.download_timeout_seconds", ${downloadTimeoutSeconds}`,
    }
  }
  if (defaultHostname !== '' && canonicalHostname(defaultHostname) === undefined) {
    yield { keys: ['providers.default_hostname'], problem: `must be a host name, not "${defaultHostname}"` }
  }
  for (const { scope } of trustedKeys) {
    if (!isScope(scope.replace(SELF_SCOPE, 'self.invalid')))
      yield { keys: ['providers.trusted_keys'], problem: `the scope must be ${ANY_SCOPE}, not "${scope}"` }
  }
}

/** Stands for the providers that are published here, which have no host name of their own. */
const SELF_SCOPE = /^_self(?=\/|$)/
const ANY_SCOPE = 'HOST, HOST/NAMESPACE or HOST/NAMESPACE/TYPE'

/** A host name with a dot, and up to two further parts, none of them empty. */
function isScope(scope: string, { minParts = 1 } = {}): boolean {
  const parts = scope.split('/')
  const [host = ''] = parts
  const isHost = host.includes('.') && canonicalHostname(host) !== undefined
  return isHost && parts.length >= minParts && parts.length <= 3 && !parts.includes('')
}

const FINGERPRINT = /^(?:[0-9A-F]{40}|[0-9A-F]{64})$/

function* signingKeySourceRules({ mirror }: Config): Generator<RuleFinding> {
  const keys = ['mirror.signing_key_sources'] as const
  for (const { scope, url, fingerprints } of mirror.signingKeySources) {
    if (!isScope(scope, { minParts: 2 })) yield { keys, problem: `the scope must be HOST/NAMESPACE or HOST/NAMESPACE/TYPE, not "${scope}"` }
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
      yield { keys, problem: `the url of "${scope}" must be a web address` }
    for (const text of fingerprints.filter((one) => !FINGERPRINT.test(one))) {
      yield { keys, problem: `a fingerprint has 40 hexadecimal digits, not "${text}"` }
    }
  }
  for (const scope of mirror.unsigned.filter((one) => !isScope(one))) {
    yield { keys: ['mirror.unsigned'], problem: `the scope must be ${ANY_SCOPE}, not "${scope}"` }
  }
}

function* outboundRules({ outbound }: Config): Generator<RuleFinding> {
  for (const network of outbound.allowedNetworks) {
    const bits = networkBits(network)
    if (bits === undefined) yield { keys: ['outbound.allowed_networks'], problem: notANetwork(network) }
    if (bits === 0) yield { keys: ['outbound.allowed_networks'], problem: `"${network}" allows every private address`, warning: true }
  }
  const proxy = outbound.proxyUrl === '' ? undefined : proxyProblem(outbound.proxyUrl)
  if (proxy !== undefined) yield { keys: ['outbound.proxy_url'], problem: proxy }
}

function* upstreamRules({ upstream }: Config): Generator<RuleFinding> {
  for (const [host, { url }] of Object.entries(upstream)) {
    if (canonicalHostname(host) === undefined) yield { keys: ['upstream'], problem: `"${host}" is not a host name` }
    const problem = url === undefined ? undefined : originProblem(url)
    if (problem !== undefined) yield { keys: ['upstream'], problem: `the url of "${host}" ${problem}` }
  }
}

function* mirrorRules({ mirror, server, features }: Config): Generator<RuleFinding> {
  const idle = {
    'features.auto_download_providers': features.autoDownloadProviders,
    'features.auto_download_modules': features.autoDownloadModules,
  }
  for (const [key, isOn] of Object.entries(idle)) {
    if (mirror.sealed && isOn) yield { keys: [key, 'mirror.sealed'], problem: 'has no effect while "mirror.sealed" is true', warning: true }
  }
  const own = URL.canParse(server.publicUrl) ? new URL(server.publicUrl).hostname : undefined
  for (const host of mirror.upstreams) {
    if (canonicalHostname(host) === undefined) yield { keys: ['mirror.upstreams'], problem: `"${host}" is not a host name` }
    if (host === own) yield { keys: ['mirror.upstreams', 'server.public_url'], problem: `"${host}" is this server itself` }
  }
}

function* bundleRules({ bundles }: Config): Generator<RuleFinding> {
  for (const key of bundles.trustedKeys) {
    const isFingerprint = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(key.replaceAll(/[\s:]/g, ''))
    if (!isFingerprint) yield { keys: ['bundles.trusted_keys'], problem: `"${key}" is no fingerprint: all 40 digits are needed` }
  }
}

function* corsRules({ security }: Config): Generator<RuleFinding> {
  for (const origin of security.cors.allowedOrigins) {
    const problem = originProblem(origin)
    if (problem !== undefined) yield { keys: ['security.cors.allowed_origins'], problem: `${problem}, not ${JSON.stringify(origin)}` }
  }
}

function* redisRules({ redis }: Config): Generator<RuleFinding> {
  if (redis.url !== '' && !(URL.canParse(redis.url) && /^rediss?:\/\//.test(redis.url))) {
    yield { keys: ['redis.url'], problem: 'must be an address like redis://:password@host:6379/0' }
  }
}

function notANetwork(text: string): string {
  return `must hold networks like 10.0.0.0/8 or fd00::/8, not ${JSON.stringify(text)}`
}
