import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import { RegistryError } from '../../base/errors.ts'
import { ownHostname } from './input/lock-address.ts'
import { readConfiguration } from './input/read-configuration.ts'
import { type ExistingLocks, NO_LOCKS, NO_TOFU_LOCKS, readLockFile } from './input/read-lock-file.ts'
import { mergeRequirements, type Requirement, readPlatforms, readRequirement } from './input/requirement.ts'
import type { LockDeps } from './lock-deps.ts'
import { ConfigurationLockView, LockView, presentConfigurationLock, presentLock } from './lock-views.ts'
import { type LockOutcome, makeLockFile } from './make-lock-file.ts'

const MAX_PROVIDERS = 100
const MAX_PLATFORMS = 100
const MAX_FILES = 2000
const MAX_BODY_BYTES = 4 * 1024 * 1024
/** Missing platforms that the header of a plain answer names. */
const SHOWN_MISSING = 20

const Platforms = Type.Array(Type.String({ maxLength: 50 }), {
  maxItems: MAX_PLATFORMS,
  description: 'Default: every platform that is stored',
})

const LockQuery = Type.Object({
  provider: Type.Array(Type.String({ maxLength: 400 }), { minItems: 1, maxItems: MAX_PROVIDERS, description: '[HOST/]NAMESPACE/TYPE' }),
  version: Type.Optional(
    Type.Array(Type.String({ maxLength: 1000 }), {
      maxItems: MAX_PROVIDERS,
      description: 'Constraints, one for each provider in the same order; empty for any version',
    }),
  ),
  platform: Type.Optional(Platforms),
  format: Type.Optional(Type.Enum(['json', 'hcl'], { description: 'hcl, or the header "Accept: text/plain": the file alone' })),
})

const LOCK_EXAMPLE = {
  files: [{ path: 'main.tf', text: 'terraform {\n  required_providers {\n    random = { source = "hashicorp/random" }\n  }\n}\n' }],
  platforms: ['linux_amd64', 'darwin_arm64'],
}
const LockBody = Type.Object(
  {
    files: Type.Array(
      Type.Object({
        path: Type.String({ minLength: 1, maxLength: 1000, description: 'With the folder: files of one folder belong together' }),
        text: Type.String(),
      }),
      { minItems: 1, maxItems: MAX_FILES, description: 'Configuration in native or JSON syntax, told by the name' },
    ),
    lock_file: Type.Optional(Type.String({ description: 'The lock file that is there: its versions stay' })),
    platforms: Type.Optional(Platforms),
    program: Type.Optional(
      Type.Enum(['terraform', 'tofu'], {
        description: 'Whose lock file it is when none is sent: it decides which host a source without one means',
      }),
    ),
    upgrade: Type.Optional(Type.Boolean({ description: 'Take the newest versions that match, whatever is locked' })),
  },
  { examples: [LOCK_EXAMPLE] },
)

/** Complete lock files. */
export const lockRoutes =
  (deps: LockDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/api/v1/lock',
      {
        config: { requires: 'anyone', rateLimitTier: 'api' },
        schema: {
          tags: ['providers'],
          summary: 'A lock file for providers that are held, with the hashes of every platform',
          querystring: LockQuery,
          response: {
            200: { description: 'The lock file.', content: { 'application/json': { schema: LockView }, 'text/plain': { schema: Text } } },
          },
        },
      },
      async (request, reply) => {
        const { query, actor } = request
        const own = ownHostname(request)
        const platforms = readPlatforms(query.platform ?? [])
        const requirements = readQuery(query, own)
        const outcome = await makeLockFile(deps, { actor, own, requirements, platforms, existing: NO_LOCKS, upgrade: false })
        reply.header('cache-control', 'private, no-store').header('vary', 'accept')
        return wantsText(request) ? sendText(reply, outcome) : presentLock(outcome)
      },
    )

    app.post(
      '/api/v1/lock',
      {
        bodyLimit: MAX_BODY_BYTES,
        // Reading a configuration costs a second a megabyte, so somebody has to answer for it.
        config: { requires: 'authenticated', rateLimitTier: 'upload' },
        schema: {
          tags: ['providers'],
          summary: 'A lock file for the providers that a configuration requires',
          description: 'Nothing of the configuration is kept, run or evaluated.',
          body: LockBody,
          response: { 200: ConfigurationLockView },
        },
      },
      async (request) => {
        const { body, actor } = request
        const own = ownHostname(request)
        const platforms = readPlatforms(body.platforms ?? [])
        const existing = await readExisting(body)
        const { requirements, moduleCalls } = await readConfiguration(body.files, { own, defaultHostname: existing.defaultHostname })
        if (requirements.length > MAX_PROVIDERS) throw tooManyProviders(requirements.length)
        const upgrade = body.upgrade ?? false
        const outcome = await makeLockFile(deps, { actor, own, requirements, platforms, existing, upgrade })
        return presentConfigurationLock(outcome, moduleCalls)
      },
    )
  }

const Text = Type.String({ description: 'Text of .terraform.lock.hcl; the header x-registry-missing names platforms without h1:' })

async function readExisting({ lock_file: text, program }: Static<typeof LockBody>): Promise<ExistingLocks> {
  if (text !== undefined) return readLockFile(text)
  return program === 'tofu' ? NO_TOFU_LOCKS : NO_LOCKS
}

function tooManyProviders(count: number): RegistryError {
  return new RegistryError('BAD_REQUEST', `Cannot lock ${count} providers: the limit is ${MAX_PROVIDERS}`)
}

function readQuery({ provider, version }: Static<typeof LockQuery>, own: string): Requirement[] {
  if (version !== undefined && version.length !== provider.length) {
    throw new RegistryError('BAD_REQUEST', `Cannot lock: there are ${provider.length} providers and ${version.length} versions`, {
      hint: 'Give one version for each provider, in the same order; an empty one means any',
    })
  }
  return mergeRequirements(provider.map((source, index) => readRequirement({ source, version: version?.[index] ?? '' }, own)))
}

function wantsText({ query, headers }: { readonly query: Static<typeof LockQuery>; readonly headers: IncomingHttpHeaders }): boolean {
  return query.format === undefined ? /^\s*text\/plain\b/i.test(headers.accept ?? '') : query.format === 'hcl'
}

function sendText(reply: FastifyReply, outcome: LockOutcome): FastifyReply {
  const missing = describeMissing(outcome)
  if (missing !== '') reply.header('x-registry-missing', missing)
  return reply.type('text/plain; charset=utf-8').send(outcome.text)
}

/** A plain answer has no place for it but a header. Names are ASCII: host names are left as they are stored. */
function describeMissing({ providers }: LockOutcome): string {
  const all = providers.flatMap(({ block: { hostname, namespace, type }, missing }) =>
    missing.map(({ platform, why }) => `${hostname}/${namespace}/${type} ${platform} ${why}`),
  )
  const more = all.length - SHOWN_MISSING
  return [...all.slice(0, SHOWN_MISSING), ...(more > 0 ? [`and ${more} more`] : [])].join(', ')
}
