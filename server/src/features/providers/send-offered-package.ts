import type { FastifyReply } from 'fastify'
import type { OfferedPackage, OfferedPackages } from './on-demand.ts'
import { behind } from './package-links.ts'
import { presentPackage } from './present-provider.ts'
import type { RegistryDeps } from './provider-deps.ts'
import { type ProviderAnswer, readVersion } from './resolve-provider.ts'

interface WantedPackage {
  readonly version: string
  readonly os: string
  readonly arch: string
}

interface Offer {
  readonly item: OfferedPackage
  readonly offer: OfferedPackages
}

/** A package that is not held and comes on demand; `undefined` for one that is held, or not offered. */
export async function findOfferedPackage(
  { onDemand }: Pick<RegistryDeps, 'onDemand'>,
  { found, offered }: ProviderAnswer,
  wanted: WantedPackage,
): Promise<Offer | undefined> {
  if (offered === undefined) return undefined
  const version = readVersion(wanted.version)
  const isWanted = ({ os, arch }: { os: string; arch: string }) => os === wanted.os && arch === wanted.arch
  if (found?.byVersion.get(version)?.packages.some(isWanted)) return undefined
  const offer = await onDemand?.findPackages(offered, version)
  const item = offer?.packages.find(isWanted)
  return offer === undefined || item === undefined ? undefined : { item, offer }
}

/** Its package document; the links lead to where it is fetched. */
export function sendOfferedPackage(reply: FastifyReply, { item, offer }: Offer, base: string): FastifyReply {
  const { protocols, key } = offer
  const links = {
    download: behind(base, item.link),
    shasums: behind(base, offer.links.shasums),
    signature: behind(base, offer.links.signature),
  }
  reply.header('x-terraform-get', links.download).header('cache-control', 'no-store')
  return reply.send(presentPackage({ protocols }, item, { links, key }))
}
