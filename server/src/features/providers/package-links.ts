import { shasumsFilename, signatureFilename } from '@terrace/protocol/shasums.ts'
import type { LinkSigner } from '../../base/storage/link-signer.ts'
import type { ObjectStore } from '../../base/storage/object-store.ts'
import type { ServedPackageRow } from './provider-queries.ts'

interface LinkDeps {
  readonly store: ObjectStore
  readonly linkSigner: LinkSigner
  readonly config: { readonly downloads: { readonly linkLifeSeconds: number } }
}

/** The link behind the public address; one is absolute already when the store is in the cloud. */
export function behind(base: string, link: string): string {
  return link.startsWith('/') ? `${base}${link}` : link
}

/** Signed link to the zip, good for `downloads.link_life_seconds`. */
export async function packageLink(deps: LinkDeps, base: string, row: Pick<ServedPackageRow, 'storageKey'>): Promise<string> {
  return behind(base, await deps.store.signUrl(row.storageKey, deps.config.downloads.linkLifeSeconds))
}

/** Signed links to SHA256SUMS and its signature, good for `downloads.link_life_seconds`. */
export function shasumsLinks(
  { linkSigner, config }: LinkDeps,
  base: string,
  { versionId, type, version }: { readonly versionId: string; readonly type: string; readonly version: string },
): { readonly shasums: string; readonly signature: string } {
  const life = config.downloads.linkLifeSeconds
  const at = (filename: string) => behind(base, linkSigner.sign(`/shasums/${versionId}/${filename}`, life))
  return { shasums: at(shasumsFilename({ type, version })), signature: at(signatureFilename({ type, version })) }
}
