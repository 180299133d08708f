import { type Static, Type } from 'typebox'
import { bundles } from './bundle-schema.ts'
import { choice, flag, section, text, textList, wholeNumber } from './config-fields.ts'
import { mirror, upstreamHost } from './mirror-schema.ts'
import { notifications } from './notification-schema.ts'
import { azureAd, ciIssuers, oidcProviders } from './sign-on/sign-on-schema.ts'

const MAX_PORT = 65_535
const DAY_SECONDS = 86_400

const server = section('Addresses and listening.', {
  host: text({ description: 'Address to listen on.', default: '0.0.0.0' }),
  port: wholeNumber({ description: 'Port of the main listener; 0 takes a free one.', default: 8080, minimum: 0, maximum: MAX_PORT }),
  local_tls_port: wholeNumber({
    description: 'Port of the HTTPS listener whose certificate comes from a local CA made at first start; 0 switches it off.',
    default: 8443,
    minimum: 0,
    maximum: MAX_PORT,
  }),
  tls_enabled: flag({ description: 'Serve HTTPS instead of HTTP on the main port, with the certificate below.', default: false }),
  tls_cert_path: text({ description: 'Certificate chain in PEM; needed when `server.tls_enabled`.', filePath: true }),
  tls_key_path: text({ description: 'Private key in PEM; needed when `server.tls_enabled`.', filePath: true }),
  behind_proxy: flag({ description: 'Read `X-Forwarded-*` from the proxies named in `server.trusted_proxies`.', default: false }),
  trusted_proxies: textList({ description: 'Networks (CIDR) of the proxies whose `X-Forwarded-*` is believed.' }),
  public_url: text({
    description: 'Address under which clients reach the server, for example `https://registry.example.com`. Links become absolute.',
  }),
  shutdown_grace_seconds: wholeNumber({
    description: 'Time that running requests and jobs get to finish when the server stops.',
    unit: 'seconds',
    default: 30,
    minimum: 0,
    maximum: 3600,
  }),
})

const storage = section('Where package files are kept.', {
  type: choice(['local'], { description: 'Kind of storage.', default: 'local' }),
  local: section('Storage on a local disk.', {
    path: text({ description: 'Folder of the stored files.', defaultNote: '`<data_dir>/storage`', filePath: true }),
  }),
})

const database = section('SQLite by default, PostgreSQL for more than one node.', {
  url: text({ description: 'PostgreSQL address (`postgres://…`). Empty: the SQLite file below is used.', secret: true }),
  path: text({ description: 'SQLite file; not used when `database.url` is set.', defaultNote: '`<data_dir>/terrace.db`', filePath: true }),
  max_connections: wholeNumber({ description: 'Most PostgreSQL connections of one process.', default: 10, minimum: 1, maximum: 1000 }),
  min_idle_connections: wholeNumber({ description: 'PostgreSQL connections kept open when idle.', default: 5, minimum: 0, maximum: 1000 }),
})

const auth = section('Signing in.', {
  local_accounts: flag({ description: 'Let people sign in with a password; without it single sign-on must be configured.', default: true }),
  jwt_secret: text({
    description: 'Key that signs session tokens, at least 256 random bits (`openssl rand -base64 32`), the same on every node.',
    defaultNote: 'made at first start and kept in `data_dir`',
    secret: true,
    aliases: ['TFR_JWT_SECRET'],
  }),
  jwt_expiration_hours: wholeNumber({ description: 'Life of a session.', unit: 'hours', default: 8, minimum: 1, maximum: 8760 }),
  bcrypt_cost: wholeNumber({ description: 'Cost of password hashes (each step doubles the work).', default: 12, minimum: 10, maximum: 16 }),
  anonymous_read: flag({
    description: 'Public namespaces and mirrors are read without a token. With `false` every read needs one.',
    default: true,
  }),
  setup_token_hours: wholeNumber({
    description: 'Life of the one-time set-up token.',
    unit: 'hours',
    default: 24,
    minimum: 1,
    maximum: 720,
  }),
  terraform_login: flag({ description: 'Offer `terraform login`.', default: true }),
  login_token_days: wholeNumber({
    description: 'Life of the token that `terraform login` gets; it is never renewed. 0: until it is revoked.',
    unit: 'days',
    default: 365,
    minimum: 0,
    maximum: 3650,
  }),
  oidc: oidcProviders,
  azure_ad: azureAd,
  ci_issuer: ciIssuers,
})

const multiTenancy = section('One registry for several organisations.', {
  enabled: flag({
    description: 'Roles count in their own organisation only. Without it there is one organisation, and its roles count everywhere.',
    default: false,
  }),
})

const admin = section('The first administrator, made when there is no user yet.', {
  username: text({ description: 'User name. Without it a one-time set-up token is printed to the log.' }),
  password: text({
    description: 'Password, at least 12 characters. Change it after the first sign-in and remove the setting.',
    secret: true,
  }),
})

const security = section('Keys of the server.', {
  encryption_key: text({
    description:
      'Key that seals secrets in the database: 32 random bytes in hexadecimal or base64 (`openssl rand -base64 32`), or a text as strong.',
    defaultNote: 'made at first start and kept in `data_dir`',
    secret: true,
    aliases: ['TFR_ENCRYPTION_KEY', 'ENCRYPTION_KEY'],
  }),
  cors: section('Pages of other addresses.', {
    allowed_origins: textList({
      description: 'Origins whose pages may use the API below `/api/`, for example `https://portal.example.com`. None by default.',
    }),
  }),
})

const logging = section('Logs.', {
  level: choice(['trace', 'debug', 'info', 'warn', 'error'], { description: 'Least important level that is written.', default: 'info' }),
  format: choice(['', 'json', 'text'], {
    description: 'Form of a log line.',
    default: '',
    defaultNote: 'text on a terminal, otherwise json',
    aliases: ['LOG_FORMAT'],
  }),
  output: choice(['stdout', 'stderr', 'file', 'both'], {
    description: 'Where the log goes; `both` is standard output and the file.',
    default: 'stdout',
  }),
  file_path: text({ description: 'Log file; needed when `logging.output` is `file` or `both`.', filePath: true }),
})

const trustedKey = section('A signing key that is trusted for a part of an upstream.', {
  scope: Type.String({
    description:
      'What the key may sign: `HOST`, `HOST/NAMESPACE` or `HOST/NAMESPACE/TYPE`; `_self/NAMESPACE` for providers published here.',
    minLength: 1,
  }),
  file: Type.String({ description: 'ASCII-armored public key.', minLength: 1, filePath: true }),
})

const providers = section('Fetching, verifying and publishing providers.', {
  download_retry_attempts: wholeNumber({ description: 'Attempts for one package before it fails.', default: 5, minimum: 1, maximum: 100 }),
  download_retry_initial_delay_ms: wholeNumber({
    description: 'Wait before the second attempt; it doubles with each one.',
    unit: 'milliseconds',
    default: 1000,
    minimum: 1,
    maximum: 300_000,
  }),
  download_timeout_seconds: wholeNumber({
    description: 'Longest silence of a package download.',
    unit: 'seconds',
    default: 60,
    minimum: 1,
    maximum: 3600,
  }),
  download_total_timeout_seconds: wholeNumber({
    description: 'Longest package download in all.',
    unit: 'seconds',
    default: 600,
    minimum: 1,
    maximum: DAY_SECONDS,
  }),
  download_concurrency: wholeNumber({
    description: 'Packages that one process fetches at the same time, and as many again of those that clients wait for.',
    default: 4,
    minimum: 1,
    maximum: 64,
  }),
  key_pinning: choice(['enforce', 'warn', 'off'], {
    description: 'What happens when a namespace is signed by another key than the first time: quarantine, a warning, or nothing.',
    default: 'enforce',
  }),
  expired_keys: choice(['warn', 'refuse'], {
    description: 'What happens when the signing key has expired since it signed.',
    default: 'warn',
  }),
  default_hostname: text({
    description: 'Origin whose cached providers also answer under `/v1/providers/NAMESPACE/TYPE`, for example `registry.terraform.io`.',
  }),
  seal_after_days: wholeNumber({
    description: 'Age at which a published version takes no further platforms.',
    unit: 'days',
    default: 30,
    minimum: 0,
    maximum: 36_500,
  }),
  package_max_mb: wholeNumber({
    description: 'Largest package that may be published.',
    unit: 'MB (1024 × 1024 bytes)',
    default: 500,
    minimum: 1,
    maximum: 102_400,
  }),
  trusted_keys: Type.Array(trustedKey, {
    description: 'Signing keys trusted for an upstream host, namespace or provider. Without one, the key seen first is pinned.',
    default: [],
  }),
})

const modules = section('Publishing modules.', {
  archive_max_mb: wholeNumber({
    description: 'Largest module archive that may be published, or fetched from an upstream.',
    unit: 'MB (1024 × 1024 bytes)',
    default: 100,
    minimum: 1,
    maximum: 10_240,
  }),
})

const features = section('What the server does by itself, and its limits.', {
  auto_download_providers: flag({
    description: 'Fetch providers from the upstreams in `mirror.upstreams` when somebody asks for them.',
    default: false,
  }),
  auto_download_modules: flag({
    description: 'Fetch modules from the upstreams in `mirror.upstreams` when somebody asks for them.',
    default: false,
  }),
  max_download_size_mb: wholeNumber({
    description: 'Largest package that is fetched from an upstream.',
    unit: 'MB (1024 × 1024 bytes)',
    default: 500,
    minimum: 1,
    maximum: 102_400,
  }),
})

const definitions = section('Definition files.', {
  max_bytes: wholeNumber({ description: 'Largest definition file.', unit: 'bytes', default: 1_048_576, minimum: 1, maximum: 10_485_760 }),
})

const downloads = section('Signed download links.', {
  link_life_seconds: wholeNumber({ description: 'Life of a link.', unit: 'seconds', default: 900, minimum: 1, maximum: 7 * DAY_SECONDS }),
})

const outbound = section('Connections that the server opens.', {
  allowed_networks: textList({ description: 'Private networks (CIDR) that may be contacted; public ones always may.' }),
  api_timeout_seconds: wholeNumber({
    description: 'Longest wait for an answer that is not a package.',
    unit: 'seconds',
    default: 30,
    minimum: 1,
    maximum: 600,
  }),
  proxy_url: text({ description: 'HTTP proxy for all outbound connections, for example `http://proxy.example.com:3128`.', secret: true }),
})

const perMinute = (description: string, value: number) =>
  wholeNumber({ description, unit: 'requests per minute and client', default: value, minimum: 1, maximum: 10_000_000 })

const rateLimit = section('Request limits: the same number for each address and for each credential. `/livez` and `/readyz` are exempt.', {
  enabled: flag({ description: 'Limit requests.', default: true }),
  protocol_per_minute: perMinute('What the command line tools ask.', 60_000),
  api_per_minute: perMinute('The administration API.', 1200),
  sign_in_per_minute: perMinute('Signing in and set-up.', 20),
  token_exchange_per_minute: perMinute('Exchanging identity tokens of pipelines; a whole build farm may have one address.', 1200),
  upload_per_minute: perMinute('Publishing and uploads.', 600),
  wrong_credentials_per_minute: wholeNumber({
    description: 'Wrong credentials of one address; then only credentials that were right before are looked at. Passwords: see `sign_in`.',
    unit: 'per minute and address',
    default: 120,
    minimum: 1,
    maximum: 10_000_000,
  }),
})

const redis = section('Redis, for several processes.', {
  url: text({
    description: 'Address (`redis://…` or `rediss://…`). With it all processes share the request limits; nothing fails while it is away.',
    secret: true,
  }),
})

const work = section('Background jobs.', {
  enabled: flag({ description: 'Run jobs in the serving process too. With `false`, run `terrace work` beside it.', default: true }),
})

/**
 * Every setting, with its description, unit and default. The reference page, the variables, the checks and the `Config` type
 * are all made from it. Names are those of requirements.md (CFG), in snake_case.
 */
export const ConfigSchema = section('Settings of the server.', {
  data_dir: text({ description: 'Folder of all local state.', default: 'data', filePath: true }),
  dev_mode: flag({
    description:
      'Let anybody sign in as anybody, without a password, for work on the product itself. Refused with `NODE_ENV=production` and by published packages.',
    default: false,
    aliases: ['DEV_MODE'],
  }),
  server,
  storage,
  database,
  auth,
  multi_tenancy: multiTenancy,
  admin,
  security,
  logging,
  providers,
  modules,
  features,
  mirror,
  bundles,
  definitions,
  downloads,
  outbound,
  upstream: Type.Record(Type.String(), upstreamHost, {
    description: 'Other addresses and CAs of upstream registries, by host name: `upstream "HOST" { … }`.',
    default: {},
  }),
  notifications,
  rate_limit: rateLimit,
  redis,
  work,
})

type CamelKey<Key extends string> = Key extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelKey<Tail>>}` : Key

type Camel<Value> = Value extends readonly (infer Item)[]
  ? readonly Camel<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value as Key extends string ? CamelKey<Key> : Key]: Camel<Value[Key]> }
    : Value

/**
 * The effective settings, frozen. Names are the camel-case form of the keys (`server.local_tls_port` is `server.localTlsPort`);
 * paths are absolute; the host names in `upstream` are in lower case and punycode.
 */
export type Config = Camel<Static<typeof ConfigSchema>>
