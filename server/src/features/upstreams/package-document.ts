import type { ProviderAddress } from '@terrace/protocol/addresses.ts'
import { UpstreamPackageDocument } from '@terrace/protocol/documents/provider-documents.ts'
import type { Platform } from '@terrace/protocol/platforms.ts'
import { expectedPackageFilename } from '@terrace/protocol/shasums.ts'
import { Compile } from 'typebox/compile'
import type { ReceivedBytes } from '../../base/outbound/outbound.ts'
import { unusableAnswer } from '../../base/outbound/outbound-errors.ts'
import { parseOutboundUrl } from '../../base/outbound/outbound-url.ts'
import { readDocument } from './read-document.ts'

const packageDocument = Compile(UpstreamPackageDocument)

/** One package that is asked for. */
export interface WantedPackage {
  readonly address: ProviderAddress
  /** Canonical. */
  readonly version: string
  readonly platform: Platform
}

export interface AnnouncedKey {
  /** As the upstream writes it, not checked; empty when missing. */
  readonly keyId: string
  readonly asciiArmor: string
}

/** What an upstream says about one package. Nothing of it is verified, only well-formed and about the package asked for. */
export interface PackageDocument extends WantedPackage {
  readonly filename: string
  /** The addresses are absolute. */
  readonly downloadUrl: string
  readonly shasumsUrl: string
  readonly signatureUrl: string
  /** Lower-case hex. */
  readonly shasum: string
  /** For example `5.0`; empty when the upstream does not say. */
  readonly protocols: readonly string[]
  readonly signingKeys: readonly AnnouncedKey[]
}

/**
 * Reads the download document. Source: protocol.md 3.4.
 * @throws {RegistryError} UPSTREAM_REFUSED also for a document about another platform (C08) or with another file name than the
 * protocol's naming gives: names from outside never become paths (reliability.md row 43).
 */
export function readPackageDocument(received: ReceivedBytes, wanted: WantedPackage): PackageDocument {
  const { finalUrl } = received
  const document = readDocument(received, packageDocument)
  checkIdentity(document, wanted, finalUrl)
  const absolute = (text: string) => parseOutboundUrl(text, finalUrl).href
  return {
    ...wanted,
    filename: document.filename,
    downloadUrl: absolute(document.download_url),
    shasumsUrl: absolute(document.shasums_url),
    signatureUrl: absolute(document.shasums_signature_url),
    shasum: document.shasum.toLowerCase(),
    protocols: document.protocols ?? [],
    signingKeys: readKeys(document),
  }
}

function checkIdentity(document: UpstreamPackageDocument, { address, version, platform }: WantedPackage, url: URL): void {
  const { os, arch, filename } = document
  if (os !== platform.os || arch !== platform.arch)
    throw unusableAnswer(url, 'the answer is about another platform', { reason: 'platform' })
  const expected = expectedPackageFilename({ type: address.type, version, ...platform })
  if (filename !== expected) {
    throw unusableAnswer(url, `the file name is not "${expected}"`, { reason: 'filename', found: filename.slice(0, 200) })
  }
}

/** A `null` key crashes Terraform (protocol.md C15c); here it is passed over. */
function readKeys(document: UpstreamPackageDocument): AnnouncedKey[] {
  const keys = document.signing_keys.gpg_public_keys ?? []
  return keys.flatMap((key) => (key === null ? [] : [{ keyId: key.key_id ?? '', asciiArmor: key.ascii_armor }]))
}
