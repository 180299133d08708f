import { ProviderAddress } from '@terrace/protocol/addresses.ts'
import { PackageHash } from '@terrace/protocol/hashes.ts'
import { parsePlatform } from '@terrace/protocol/platforms.ts'
import { expectedPackageFilename } from '@terrace/protocol/shasums.ts'
import { type Static, Type } from 'typebox'
import { RegistryError } from '../../../base/errors.ts'
import { readVersion } from '../../providers/index.ts'
import type { ImportListing, ListedFile, ListedVersion } from './import-listing.ts'

const strict = { additionalProperties: false } as const
const Size = Type.Integer({ minimum: 0, description: 'Bytes' })
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })
const File = Type.Object({ size: Size, sha256: Sha256 }, strict)

const MirrorPackage = Type.Object(
  {
    platform: Type.String({ maxLength: 40, description: 'linux_amd64' }),
    size: Size,
    sha256: Sha256,
    hashes: Type.Array(PackageHash, { maxItems: 10, description: 'As VERSION.json states them' }),
  },
  strict,
)

const MirrorVersion = Type.Object(
  {
    ...ProviderAddress.properties,
    version: Type.String({ maxLength: 128 }),
    shasums: Type.Optional(File),
    signature: Type.Optional(File),
    packages: Type.Array(MirrorPackage, { minItems: 1, maxItems: 64 }),
  },
  strict,
)

/** What lies in a folder that `terraform providers mirror` has made, with the digests of the files. */
export const MirrorDirectory = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200, description: 'Of the folder, for people' }),
    versions: Type.Array(MirrorVersion, { maxItems: 50_000 }),
  },
  strict,
)
export type MirrorDirectory = Static<typeof MirrorDirectory>

/** @throws {RegistryError} INVALID_VERSION, RULE_BROKEN for a platform that is none or a version that is there twice. */
export function listDirectory({ name, versions }: MirrorDirectory): ImportListing {
  const listed = versions.map(listVersion)
  const names = listed.map(({ address, version }) => `${address.hostname}/${address.namespace}/${address.type} ${version}`)
  const seen = new Set<string>()
  const twice = names.find((text) => seen.size === seen.add(text).size)
  if (twice !== undefined) throw new RegistryError('RULE_BROKEN', `Cannot import "${name}": "${twice}" is there twice`)
  return { kind: 'directory', name, signedBy: null, keys: [], versions: listed, modules: [] }
}

function listVersion(entry: MirrorDirectory['versions'][number]): ListedVersion {
  const { hostname, namespace, type, shasums, signature } = entry
  const version = readVersion(entry.version)
  return {
    address: { hostname, namespace, type },
    version,
    protocols: [],
    signingKey: undefined,
    isUnsigned: false,
    shasums: here(shasums),
    signature: here(signature),
    packages: entry.packages.map(({ platform: text, ...file }) => {
      const platform = parsePlatform(text)
      if (platform === undefined) throw new RegistryError('RULE_BROKEN', `Cannot import "${type}" "${version}": "${text}" is no platform`)
      return { ...file, isHere: true, platform, filename: expectedPackageFilename({ type, version, ...platform }) }
    }),
  }
}

function here(file: { readonly size: number; readonly sha256: string } | undefined): ListedFile | undefined {
  return file && { ...file, isHere: true }
}
