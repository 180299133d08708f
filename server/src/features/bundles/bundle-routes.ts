import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { DEFAULT_PART_BYTES } from '@terrace/protocol/bundle/bundle-parts.ts'
import { formatPlatform } from '@terrace/protocol/platforms.ts'
import type { FastifyRequest } from 'fastify'
import { RegistryError } from '../../base/errors.ts'
import { originOf } from '../../base/http/edge-types.ts'
import { publicBaseUrl } from '../../base/http/public-base-url.ts'
import { ownHostname, readPlatforms } from '../lock-file/index.ts'
import { LinksBody, LinksView, PlanBody, PlanView, presentPlan, presentSource } from './bundle-views.ts'
import type { BundlesDeps } from './bundles-deps.ts'
import { findObjectSources } from './object-sources.ts'
import { planBundle } from './plan-bundle.ts'
import { selectByConfiguration } from './selection/select-by-configuration.ts'
import { selectByDefinition } from './selection/select-by-definition.ts'
import { selectByLockFile } from './selection/select-by-lock-file.ts'
import { selectByMirror } from './selection/select-by-mirror.ts'
import type { Asker, Selection } from './selection/wanted.ts'

/** A configuration of thousands of files, and the objects of a large earlier bundle. */
const MAX_BODY_BYTES = 24 * 1024 * 1024

/** Planning bundles, and where their objects are. */
export const bundleRoutes =
  (deps: BundlesDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/api/v1/admin/bundles/plan',
      {
        bodyLimit: MAX_BODY_BYTES,
        // Reading a configuration costs a second a megabyte.
        config: { requires: 'mirrors:manage', rateLimitTier: 'upload', action: 'bundle.create' },
        schema: {
          summary: 'Plan an air-gap bundle and sign its manifest',
          description: 'Nothing is signed while something is missing, unless that is allowed. The objects are asked for by their paths.',
          body: PlanBody,
          response: { 200: PlanView },
        },
      },
      async (request) => {
        const { body } = request
        const asker = askerOf(request)
        const platforms = readPlatforms(body.platforms ?? []).map(formatPlatform)
        const plan = await planBundle(deps, {
          by: originOf(request),
          asker,
          selection: await select(deps, asker, { body, platforms }),
          name: body.name,
          source: body.source,
          maxPartBytes: body.part_bytes ?? DEFAULT_PART_BYTES,
          since: body.since,
          allowMissing: body.allow_missing ?? false,
        })
        return presentPlan(plan)
      },
    )

    app.post(
      '/api/v1/admin/bundles/links',
      {
        config: { requires: 'mirrors:manage', rateLimitTier: 'api', action: 'bundle.read_objects' },
        schema: {
          summary: 'Where the objects of a bundle are',
          description: 'Links end after a while; ask again for what is left then.',
          body: LinksBody,
          response: { 200: LinksView },
        },
      },
      async (request) => ({ objects: (await findObjectSources(deps, askerOf(request), request.body.paths)).map(presentSource) }),
    )
  }

function askerOf(request: FastifyRequest): Asker {
  return { actor: request.actor, own: ownHostname(request), base: publicBaseUrl(request) }
}

interface SelectInput {
  readonly body: PlanBody
  readonly platforms: readonly string[]
}

function select(deps: BundlesDeps, asker: Asker, { body, platforms }: SelectInput): Promise<Selection> {
  if (body.source === 'lock_file') return selectByLockFile(asker, { text: needed(body.lock_file, 'lock_file'), platforms })
  if (body.source === 'definition') return selectByDefinition(deps, asker, { text: needed(body.definition, 'definition'), platforms })
  if (body.source === 'mirror') return selectByMirror(deps, asker, { mirror: needed(body.mirror, 'mirror'), platforms })
  const files = needed(body.files, 'files')
  return selectByConfiguration(deps, asker, { files, lockFile: body.lock_file, program: body.program ?? 'terraform', platforms })
}

function needed<Value>(value: Value | undefined, field: string): Value {
  if (value !== undefined) return value
  throw new RegistryError('BAD_REQUEST', `Cannot plan a bundle: "${field}" is missing`, {
    hint: `What it is made from is sent as "${field}"`,
  })
}
