import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { shasumsFilename, signatureFilename } from '@terrace/protocol/shasums.ts'
import { LRUCache } from 'lru-cache'
import { Type } from 'typebox'
import type { Deps } from '../../base/deps.ts'
import { RegistryError } from '../../base/errors.ts'
import { findProviderTypeOfVersion, findProviderVersionById } from './provider-queries.ts'

const Params = Type.Object({ versionId: Type.String(), filename: Type.String() })
const LinkQuery = Type.Object({ expires: Type.Optional(Type.String()), signature: Type.Optional(Type.String()) })

/** SHA256SUMS and its signature, byte for byte, by signed link: the CLIs send no token for them (protocol.md 5.4). */
export const shasumsRoutes =
  (deps: Pick<Deps, 'database' | 'linkSigner'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    const findBytes = createShasumsReader(deps)
    app.get(
      '/shasums/:versionId/:filename',
      {
        config: { requires: 'public', rateLimitTier: 'protocol' },
        schema: { summary: 'SHA256SUMS or its signature, by a signed link', params: Params, querystring: LinkQuery },
      },
      async ({ params, query }, reply) => {
        const path = `/shasums/${params.versionId}/${params.filename}`
        refuseBadLink(deps.linkSigner.verify(path, query))
        const bytes = await findBytes(params)
        return reply
          .header('content-type', 'application/octet-stream')
          .header('cache-control', 'private, no-store')
          .send(Buffer.from(bytes))
      },
    )
  }

function refuseBadLink(verdict: 'valid' | 'expired' | 'invalid'): void {
  if (verdict === 'valid') return
  const state = verdict === 'expired' ? 'the link has expired' : 'the link is not signed by this registry'
  throw new RegistryError('LINK_INVALID', `Cannot send the checksum list: ${state}`, {
    hint: 'Run the command again: each run asks for new links',
  })
}

interface ShasumsFile {
  readonly versionId: string
  readonly filename: string
}

const MAX_REMEMBERED = 1_000

/** Reads the exact bytes of a file; while the database is away, what it said last still counts (P5). */
function createShasumsReader(deps: Pick<Deps, 'database'>): (file: ShasumsFile) => Promise<Uint8Array> {
  const remembered = new LRUCache<string, Uint8Array>({ max: MAX_REMEMBERED })
  return async (file) => {
    const key = `${file.versionId}/${file.filename}`
    try {
      const bytes = await findBytes(deps, file)
      remembered.set(key, bytes)
      return bytes
    } catch (error) {
      const known = remembered.get(key)
      if (known !== undefined && error instanceof RegistryError && error.code === 'DATABASE_UNAVAILABLE') return known
      throw error
    }
  }
}

async function findBytes({ database }: Pick<Deps, 'database'>, { versionId, filename }: ShasumsFile): Promise<Uint8Array> {
  const row = await findProviderVersionById(database.db, versionId)
  const type = row && (await findProviderTypeOfVersion(database.db, versionId))
  if (row !== undefined && type !== undefined && row.deletedAt === null && row.blockedAt === null) {
    if (filename === shasumsFilename({ type, version: row.version })) return row.shasums
    if (filename === signatureFilename({ type, version: row.version })) return row.shasumsSignature
  }
  throw new RegistryError('OBJECT_NOT_FOUND', `Cannot send "${filename}": it is not held here`)
}
