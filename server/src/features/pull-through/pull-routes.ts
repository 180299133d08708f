import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import type { Platform } from '@terrace/protocol/platforms.ts'
import { shasumsFilename, signatureFilename } from '@terrace/protocol/shasums.ts'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Deps } from '../../base/deps.ts'
import { RegistryError } from '../../base/errors.ts'
import { publicBaseUrl } from '../../base/http/public-base-url.ts'
import { type ProviderCatalog, packageLink, readAddress, readVersion } from '../providers/index.ts'
import { type PullThrough, platformOf, pullPath } from './create-pull-through.ts'

interface PullParams {
  readonly hostname: string
  readonly namespace: string
  readonly type: string
  readonly version: string
  readonly filename: string
}

interface PullRouteDeps extends Pick<Deps, 'config' | 'store' | 'linkSigner'> {
  readonly catalog: ProviderCatalog
  /** `undefined`: what is held is still found by links that were given out before. */
  readonly onDemand: PullThrough | undefined
}

interface WantedFile {
  readonly address: ProviderAddress
  readonly version: string
  readonly filename: string
}

/**
 * `GET|HEAD /pull/HOST/NAMESPACE/TYPE/VERSION/FILE`, by signed link: waits until a package is held and leads to it, or sends the
 * checksum list and its signature, byte for byte. Clients send no token for them and never repeat an archive request, so no rate
 * limit refuses one (protocol.md P-21).
 */
export const pullRoutes =
  (deps: PullRouteDeps): FastifyPluginAsync =>
  async (app) => {
    app.route<{ Params: PullParams }>({
      method: ['GET', 'HEAD'],
      url: '/pull/:hostname/:namespace/:type/:version/:filename',
      config: { requires: 'public', rateLimitTier: 'none', errorFormat: 'text' },
      schema: { summary: 'A file of an upstream provider, fetched when it is asked for; by a signed link' },
      handler: async (request, reply) => {
        const file = readFile(deps, request)
        reply.header('cache-control', 'private, no-store')
        const platform = platformOf(file.address, file.version, file.filename)
        return platform === undefined ? sendList(deps, reply, file) : sendPackage(deps, { request, reply }, { ...file, platform })
      },
    })
  }

function readFile({ linkSigner }: PullRouteDeps, { params, query }: FastifyRequest<{ Params: PullParams }>): WantedFile {
  const [address, version, { filename }] = [readAddress(params), readVersion(params.version), params]
  const verdict = linkSigner.verify(pullPath(address, version, filename), query as Record<string, unknown>)
  if (verdict === 'valid') return { address, version, filename }
  const state = verdict === 'expired' ? 'the link has expired' : 'the link is not signed by this registry'
  throw new RegistryError('LINK_INVALID', `Cannot send "${filename}": ${state}`, {
    hint: 'Run the command again: each run asks for new links',
  })
}

interface Exchange {
  readonly request: FastifyRequest<{ Params: PullParams }>
  readonly reply: FastifyReply
}

async function sendPackage(
  deps: PullRouteDeps,
  { request, reply }: Exchange,
  file: WantedFile & { readonly platform: Platform },
): Promise<FastifyReply> {
  const held = await findHeld(deps, file)
  if (held === undefined) await fetchOffered(deps, file)
  const row = held ?? (await findHeld(deps, file))
  if (row === undefined) throw notOffered(file)
  return reply.redirect(await packageLink(deps, publicBaseUrl(request), row), 302)
}

async function findHeld({ catalog }: PullRouteDeps, { address, version, platform }: WantedFile & { readonly platform: Platform }) {
  const found = (await catalog.find(address)).found?.byVersion.get(version)
  const { os, arch } = platform
  return found?.blocked ? undefined : found?.packages.find((row) => row.os === os && row.arch === arch)
}

async function fetchOffered(deps: PullRouteDeps, file: WantedFile & { readonly platform: Platform }): Promise<void> {
  const { address, version, platform } = file
  const provider = await findOffered(deps, file)
  const { os, arch } = platform
  const offer = provider && (await deps.onDemand?.findPackages(provider, version))
  if (offer?.packages.some((item) => item.os === os && item.arch === arch) !== true) throw notOffered(file)
  await deps.onDemand?.pullPackage({ address, version, platform })
}

async function findOffered({ catalog, onDemand }: PullRouteDeps, { address }: WantedFile) {
  const held = (await catalog.find(address)).found
  return onDemand?.find(address, { held })
}

async function sendList(deps: PullRouteDeps, reply: FastifyReply, file: WantedFile): Promise<FastifyReply> {
  const { address, version, filename } = file
  const provider = await findOffered(deps, file)
  const list = provider && (await deps.onDemand?.findSigned(provider, version))
  const name = { type: address.type, version }
  const files = new Map([
    [shasumsFilename(name), list?.shasums],
    [signatureFilename(name), list?.signature],
  ])
  const bytes = files.get(filename)
  if (bytes === undefined) throw notOffered(file)
  return reply.header('content-type', 'application/octet-stream').send(Buffer.from(bytes))
}

function notOffered({ filename }: WantedFile): RegistryError {
  return new RegistryError('OBJECT_NOT_FOUND', `Cannot send "${filename}": neither this registry nor its upstream has it`)
}
