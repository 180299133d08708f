import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { formatModuleAddress } from '@terrace/protocol/module-addresses.ts'
import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { RegistryError } from '../../base/errors.ts'
import { originOf } from '../../base/http/edge-types.ts'
import { Paged, PageQuery, pageOf } from '../../base/http/pagination.ts'
import { readAddress, readVersion } from '../providers/index.ts'
import { readPublishUpload } from '../publishing/index.ts'
import type { ImportDeps } from './import-deps.ts'
import { importModuleVersion } from './import-module-version.ts'
import { importProviderVersion } from './import-provider-version.ts'
import { countImports, listImports } from './import-queries.ts'
import { ImportBody, ImportedView, ImportView, PlanView, presentImport, presentImported, presentPlan } from './import-views.ts'
import type { ImportListing } from './listing/import-listing.ts'
import { listBundle } from './listing/list-bundle.ts'
import { listDirectory } from './listing/list-directory.ts'
import { createImportReader, type OpenImport, requireImport } from './open-import.ts'
import { countingStep, describeVersion, endImport } from './settle-import.ts'
import { planImport, requireKeys, startImport } from './start-import.ts'

const BASE = '/api/v1/admin/imports'
const TAGS = ['imports']
const MEGABYTE = 1024 * 1024
/** A manifest of a hundred thousand files, with its quotes escaped. */
const MAX_LISTING_BYTES = 96 * MEGABYTE

const Part = Type.String({ minLength: 1, maxLength: 255 })
const ImportParams = Type.Object({ id: Part })
const ProviderParams = Type.Object({ id: Part, hostname: Part, namespace: Part, type: Part, version: Part })
const ModuleParams = Type.Object({ id: Part, namespace: Part, name: Part, system: Part, version: Part })
const UpstreamModuleParams = Type.Object({ ...ModuleParams.properties, hostname: Part })

/** Carrying providers and modules into an air gap. */
export const importRoutes =
  (deps: ImportDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    await app.register(controlRoutes(deps))
    await app.register(reportRoutes(deps))
    await app.register(sendRoutes(deps))
  }

const manage = (action: string) => ({ requires: 'mirrors:manage', rateLimitTier: 'upload', action }) as const

const controlRoutes =
  (deps: ImportDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const startSchema = {
      tags: TAGS,
      summary: 'Begin an import, or ask what it would do',
      description:
        'Of a bundle (signed manifest) or of what lies in a folder that terraform providers mirror has made. Answers what is missing here; ' +
        'send that, version by version, then finish. What is held already is kept, so an import that was broken off is begun again.',
      body: ImportBody,
      response: { 200: PlanView, 201: PlanView },
    }
    app.post(BASE, { config: manage('import.start'), schema: startSchema, bodyLimit: MAX_LISTING_BYTES }, async (request, reply) => {
      const { dry_run: isDry = false, trust_keys: trustKeys = [], allow_unsigned: allowUnsigned = false } = request.body
      const listing = await readListing(deps, request.body)
      const options = { trustKeys: trustKeys.map((key) => key.toUpperCase()), allowUnsigned }
      requireKeys(listing, options)
      const plan = await planImport(deps, { listing, options })
      const id = isDry ? null : await startImport(deps, { listing, options, by: originOf(request) })
      const { kind, name, signedBy } = listing
      return reply.code(isDry ? 200 : 201).send({ id, kind, name, signed_by: signedBy, ...presentPlan(plan) })
    })

    const finishSchema = { tags: TAGS, summary: 'End an import', params: ImportParams, response: { 200: ImportView } }
    app.post(`${BASE}/:id/finish`, { config: manage('import.finish'), schema: finishSchema }, async (request) => {
      const { id } = request.params
      await endImport(deps, { id, by: originOf(request) })
      return presentImport(await requireImport(deps.database.db, id))
    })
  }

async function readListing(deps: ImportDeps, { bundle, directory }: ImportBody): Promise<ImportListing> {
  if (bundle !== undefined && directory === undefined) {
    const { manifest, signature } = bundle
    return await listBundle(deps, { manifest: Buffer.from(manifest, 'utf8'), signature: Buffer.from(signature, 'base64') })
  }
  if (directory !== undefined && bundle === undefined) return await listDirectory(directory)
  throw new RegistryError('BAD_REQUEST', 'Cannot begin an import: exactly one of "bundle" and "directory" is needed')
}

const reportRoutes =
  ({ database: { db } }: ImportDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const config = { requires: 'mirrors:read' } as const
    const listSchema = { tags: TAGS, summary: 'List imports, newest first', querystring: PageQuery, response: { 200: Paged(ImportView) } }
    app.get(BASE, { config, schema: listSchema }, async ({ query }) => {
      const page = pageOf(query)
      const [rows, total] = await Promise.all([listImports(db, page), countImports(db)])
      return { items: rows.map(presentImport), total, ...page }
    })

    const showSchema = { tags: TAGS, summary: 'Show an import', params: ImportParams, response: { 200: ImportView } }
    app.get(`${BASE}/:id`, { config, schema: showSchema }, async ({ params }) => presentImport(await requireImport(db, params.id)))
  }

const sendRoutes =
  (deps: ImportDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const open = createImportReader(deps.database.db)
    const limits = { spool: deps.spool, packageMaxBytes: deps.config.features.maxDownloadSizeMb * MEGABYTE }

    const providerSchema = {
      tags: TAGS,
      summary: 'Send the missing packages of a provider version',
      description:
        'multipart/form-data with the files shasums, signature, and file (a zip, repeated). Verified as what comes from an upstream; all ' +
        'of it is stored, or nothing.',
      consumes: ['multipart/form-data'],
      params: ProviderParams,
      response: { 200: ImportedView },
    }
    const providerPath = `${BASE}/:id/providers/:hostname/:namespace/:type/:version`
    app.put(providerPath, { config: manage('import.send'), schema: providerSchema }, async (request) => {
      const session = await open(request.params.id)
      const address = readAddress(request.params)
      const version = readVersion(request.params.version)
      const by = originOf(request)
      const upload = await readPublishUpload(request.parts(), limits)
      try {
        const { shasums, signature } = upload.documents
        const sent = { ...session, address, version, list: { shasums, signature }, files: upload.files, by }
        const thing = { importId: session.id, object: describeVersion(address, version), by }
        return presentImported(await countingStep(deps, thing, () => importProviderVersion(deps, sent)))
      } finally {
        await upload.discard()
      }
    })

    const modulePath = `${BASE}/:id/modules/:namespace/:name/:system/:version`
    const moduleSchema = { ...MODULE_SCHEMA, params: ModuleParams }
    app.put(modulePath, { config: manage('import.send'), schema: moduleSchema }, async (request) =>
      receiveModule(deps, { request, hostname: undefined, session: await open(request.params.id), limits }),
    )

    const upstreamSchema = { ...UPSTREAM_MODULE_SCHEMA, params: UpstreamModuleParams }
    const upstreamPath = `${BASE}/:id/upstream-modules/:hostname/:namespace/:name/:system/:version`
    app.put(upstreamPath, { config: manage('import.send'), schema: upstreamSchema }, async (request) =>
      receiveModule(deps, { request, hostname: request.params.hostname, session: await open(request.params.id), limits }),
    )
  }

const MODULE_FORM = { tags: TAGS, consumes: ['multipart/form-data'], response: { 200: ImportedView } }

const MODULE_SCHEMA = {
  ...MODULE_FORM,
  summary: 'Send the archive of a module version',
  description: 'multipart/form-data with the file "file". It is published under the same name, with the same content.',
}

const UPSTREAM_MODULE_SCHEMA = {
  ...MODULE_FORM,
  summary: 'Send the archive of a module version that came from an upstream',
  description: 'multipart/form-data with the file "file". It is held as if it had been fetched here, with the same content.',
}

interface ModuleUpload {
  readonly request: FastifyRequest<{ Params: Static<typeof ModuleParams> }>
  /** Of the upstream; `undefined` for what users of the other registry have published. */
  readonly hostname: string | undefined
  readonly session: OpenImport
  readonly limits: Parameters<typeof readPublishUpload>[1]
}

async function receiveModule(deps: ImportDeps, { request, hostname, session, limits }: ModuleUpload): Promise<Static<typeof ImportedView>> {
  const { namespace, name, system, version: text } = request.params
  const address = { namespace, name, system }
  const version = readVersion(text)
  const by = originOf(request)
  const upload = await readPublishUpload(request.parts(), limits)
  try {
    const sent = { ...session, hostname, address, version, file: upload.files[0]?.file, by }
    const host = hostname === undefined ? '' : `${hostname}/`
    const thing = { importId: session.id, object: `${host}${formatModuleAddress(address)} ${version}`, by }
    return presentImported(await countingStep(deps, thing, () => importModuleVersion(deps, sent)))
  } finally {
    await upload.discard()
  }
}
