import { readFile } from 'node:fs/promises'
import multipart from '@fastify/multipart'
import type { AppDeps } from './app-deps.ts'
import { createServer, type RateLimits, type ServerOptions } from './base/http/create-server.ts'
import type { App } from './base/http/edge-types.ts'
import type { Lifecycle } from './base/http/lifecycle.ts'
import type { Config } from './config/config-schema.ts'
import { holdsScope, isScope } from './features/access/index.ts'
import { accountRoutes, createAuthenticator, createSignIn } from './features/accounts/index.ts'
import { addAnswerExamples, apiReferenceRoutes } from './features/api-reference/index.ts'
import { auditRoutes, createAttemptRecorder } from './features/audit/index.ts'
import { importRoutes } from './features/bundle-import/index.ts'
import { bundleRoutes } from './features/bundles/index.ts'
import { ciTrustRoutes } from './features/ci-trust/index.ts'
import { discoveryRoutes } from './features/discovery/index.ts'
import { filesRoutes } from './features/files/index.ts'
import { healthRoutes } from './features/health/index.ts'
import { lockRoutes } from './features/lock-file/index.ts'
import { definitionRoutes, jobControlRoutes, jobRoutes, mirrorRoutes, queueFetch } from './features/mirror/index.ts'
import { mirrorConfigurationRoutes, reclaimForRetry } from './features/mirror-configurations/index.ts'
import { approvalRoutes, policyRoutes } from './features/mirror-policies/index.ts'
import {
  expectedUpstreamModuleDigest,
  isUpstreamModuleKey,
  markUpstreamModuleDamaged,
  modulePullRoutes,
  upstreamModuleRoutes,
} from './features/module-pull-through/index.ts'
import {
  changeModuleRoutes,
  expectedModuleDigest,
  markModuleDamaged,
  moduleApiRoutes,
  moduleDetailRoutes,
  moduleListRoutes,
  moduleRoutes,
  publishModuleRoutes,
} from './features/modules/index.ts'
import { namespaceRoutes } from './features/namespaces/index.ts'
import { notificationRoutes } from './features/notifications/index.ts'
import { organizationRoutes, roleTemplateRoutes } from './features/organizations/index.ts'
import { createPackageDigests, markPackageDamaged, providerAdminRoutes, providerRoutes, shasumsRoutes } from './features/providers/index.ts'
import { publishRoutes } from './features/publishing/index.ts'
import { pullRoutes } from './features/pull-through/index.ts'
import { quarantineRoutes } from './features/quarantine/index.ts'
import { signOnMethods, signOnRoutes } from './features/single-sign-on/index.ts'
import { authorizeRoutes, tokenRoutes } from './features/terraform-login/index.ts'
import { keySourceRoutes, signingKeyRoutes } from './features/trust/index.ts'
import { memberRoutes, userRoutes } from './features/users/index.ts'
import { PRODUCT_VERSION } from './version.ts'

/** Parts of one multipart request: a package for every platform there is, and the documents. */
const MULTIPART_LIMITS = { fieldNameSize: 100, fieldSize: 64 * 1024, fields: 32, files: 64, headerPairs: 50 }

/** Registers every feature. The table of contents of the server. */
export async function buildApp(deps: AppDeps, lifecycle: Lifecycle): Promise<App> {
  const recordAttempt = createAttemptRecorder(deps)
  const app = createServer({ ...edgeOptions(deps, lifecycle), onFailedAttempt: recordAttempt, ...(await readTls(deps.config)) })
  app.addHook('onClose', () => recordAttempt.flush())
  await app.register(multipart, { limits: { ...MULTIPART_LIMITS, fileSize: Number.POSITIVE_INFINITY }, throwFileSizeLimit: true })

  await registerProtocols(app, deps, lifecycle)
  await registerIdentity(app, deps)
  await registerRegistry(app, deps)
  await registerMirroring(app, deps)
  return app
}

/** What Terraform and OpenTofu ask, and the probes. */
async function registerProtocols(app: App, deps: AppDeps, lifecycle: Lifecycle): Promise<void> {
  await app.register(discoveryRoutes(deps))
  await app.register(healthRoutes({ ...deps, lifecycle }))
  await app.register(apiReferenceRoutes())
  await app.register(providerRoutes(deps))
  await app.register(mirrorRoutes(deps))
  await app.register(shasumsRoutes(deps))
  await app.register(pullRoutes(deps))
  await app.register(moduleRoutes(deps))
  await app.register(moduleListRoutes(deps))
  await app.register(moduleDetailRoutes(deps))
  await app.register(modulePullRoutes(deps))
  await app.register(storedFiles(deps))
}

/** The bytes of everything that is stored, by whose they are. */
function storedFiles(deps: AppDeps) {
  const packageDigest = createPackageDigests(deps)
  const ownerOf = (key: string) => {
    if (isUpstreamModuleKey(key)) return { digest: expectedUpstreamModuleDigest, markDamaged: markUpstreamModuleDamaged }
    if (key.startsWith('modules/')) return { digest: expectedModuleDigest, markDamaged: markModuleDamaged }
    return { digest: () => packageDigest(key), markDamaged: markPackageDamaged }
  }
  return filesRoutes({
    store: deps.store,
    logger: deps.logger,
    signer: deps.linkSigner,
    linkLifeSeconds: deps.config.downloads.linkLifeSeconds,
    expectedDigest: (key) => ownerOf(key).digest(deps, key),
    onDamaged: (key, expected, found) => ownerOf(key).markDamaged(deps, { key, expected, found }),
  })
}

/** Who somebody is, and what they may do. */
async function registerIdentity(app: App, deps: AppDeps): Promise<void> {
  await app.register(accountRoutes(deps, { signOnMethods: signOnMethods(deps.config) }))
  await app.register(signOnRoutes(deps))
  if (deps.config.auth.terraformLogin) await registerTerraformLogin(app, deps)
  await app.register(ciTrustRoutes(deps))
  await app.register(auditRoutes(deps))
  await app.register(namespaceRoutes(deps))
  await app.register(organizationRoutes(deps))
  await app.register(roleTemplateRoutes(deps))
  await app.register(userRoutes(deps))
  await app.register(memberRoutes(deps))
}

/** Publishing and administering what is held. */
async function registerRegistry(app: App, deps: AppDeps): Promise<void> {
  await app.register(publishRoutes(deps))
  await app.register(publishModuleRoutes(deps))
  await app.register(moduleApiRoutes(deps))
  await app.register(changeModuleRoutes(deps))
  await app.register(providerAdminRoutes(deps))
  await app.register(lockRoutes(deps))
}

/** What comes from other registries. */
async function registerMirroring(app: App, deps: AppDeps): Promise<void> {
  await app.register(signingKeyRoutes(deps))
  await app.register(keySourceRoutes(deps))
  await app.register(policyRoutes(deps))
  await app.register(approvalRoutes(deps))
  await app.register(definitionRoutes(deps))
  await app.register(importRoutes(deps))
  await app.register(jobRoutes(deps, { beforeRetry: reclaimForRetry }))
  await app.register(jobControlRoutes(deps))
  await app.register(mirrorConfigurationRoutes(deps))
  await app.register(upstreamModuleRoutes(deps))
  await app.register(bundleRoutes(deps))
  await app.register(quarantineRoutes(deps, { queueFetch: (tx, fetch) => queueFetch(deps, tx, fetch) }))
  await app.register(notificationRoutes(deps))
}

function edgeOptions(deps: AppDeps, lifecycle: Lifecycle): Omit<ServerOptions, 'onFailedAttempt'> {
  const { config } = deps
  return {
    logger: deps.logger,
    clock: deps.clock,
    lifecycle,
    version: PRODUCT_VERSION,
    finishDocument: addAnswerExamples,
    publicUrl: config.server.publicUrl,
    trustedProxies: config.server.behindProxy ? config.server.trustedProxies : [],
    allowedOrigins: config.security.cors.allowedOrigins,
    rateLimits: rateLimitsOf(config),
    sharedCounters: deps.redis,
    authenticate: createAuthenticator(deps),
    csrfKey: deps.secrets.csrfKey,
    holdsScope,
    anonymousRead: config.auth.anonymousRead,
    isScope,
  }
}

async function registerTerraformLogin(app: App, deps: AppDeps): Promise<void> {
  const loginDeps = {
    ...deps,
    authenticate: createAuthenticator(deps),
    signIn: createSignIn(deps),
    signOnMethods: signOnMethods(deps.config),
  }
  await app.register(authorizeRoutes(loginDeps))
  await app.register(tokenRoutes(loginDeps))
}

/** The administrator's own certificate for the main port. */
async function readTls({ server }: Config): Promise<Pick<ServerOptions, 'tls'>> {
  if (!server.tlsEnabled) return {}
  const [cert, key] = await Promise.all([readFile(server.tlsCertPath), readFile(server.tlsKeyPath)])
  return { tls: { cert, key } }
}

function rateLimitsOf({ rateLimit }: Config): RateLimits | undefined {
  if (!rateLimit.enabled) return undefined
  return {
    protocol: rateLimit.protocolPerMinute,
    api: rateLimit.apiPerMinute,
    sign_in: rateLimit.signInPerMinute,
    token_exchange: rateLimit.tokenExchangePerMinute,
    upload: rateLimit.uploadPerMinute,
    wrong_credentials: rateLimit.wrongCredentialsPerMinute,
  }
}
