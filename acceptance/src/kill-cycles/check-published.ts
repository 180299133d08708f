import { verifyShasumsSignature } from '@terrace/server/features/verification/index.ts'
import { packageFilename, sha256 } from '../harness/publish-form.ts'
import { keyOf, type PublishedVersion } from './kill-model.ts'

/** A read that takes longer hangs (reliability.md F4). */
const HANG_MS = 10_000

interface PackageDocument {
  readonly filename: string
  readonly download_url: string
  readonly shasums_url: string
  readonly shasums_signature_url: string
  readonly shasum: string
  readonly signing_keys: { readonly gpg_public_keys: readonly { readonly ascii_armor: string }[] }
}

/** Does for every platform what a client does: document, checksum list, signature, package. @throws naming the breach. */
export async function checkPublished(url: string, item: PublishedVersion): Promise<void> {
  for (const [platform, zip] of Object.entries(item.packages)) {
    const [os, arch] = platform.split('_')
    const path = `/v1/providers/${item.name}/${item.version}/download/${os}/${arch}`
    const document = JSON.parse((await read(url, path)).toString()) as PackageDocument
    const what = `${keyOf(item)} ${platform}`
    if (document.shasum !== sha256(zip)) throw new Error(`corrupt: ${what} is announced with another digest`)
    await checkList(url, document, item)
    if (!(await read(url, document.download_url)).equals(zip)) throw new Error(`corrupt: ${what} has other bytes`)
  }
}

/** All platforms are on the list, because all were published at once. */
async function checkList(url: string, document: PackageDocument, { name, version, packages }: PublishedVersion): Promise<void> {
  const [shasums, signature] = [await read(url, document.shasums_url), await read(url, document.shasums_signature_url)]
  const keys = document.signing_keys.gpg_public_keys.map((key) => key.ascii_armor)
  await verifyShasumsSignature({ shasums, signature, keys, now: Date.now(), expiredKeys: 'refuse' })
  for (const [platform, zip] of Object.entries(packages)) {
    const line = `${sha256(zip)}  ${packageFilename(name.split('/')[1] ?? '', version, platform)}\n`
    if (!shasums.includes(line)) throw new Error(`half visible: ${name} ${version} is served without ${platform} on its list`)
  }
}

/** The body of an answer that must be 200. @throws naming the breach. */
export async function read(url: string, path: string): Promise<Buffer> {
  const response = await fetch(new URL(path, url), { signal: AbortSignal.timeout(HANG_MS) })
  const body = Buffer.from(await response.arrayBuffer())
  if (response.status !== 200) throw new Error(`half visible: ${path.split('?')[0]} answered ${response.status} ${body}`)
  return body
}
