import {
  type Defects,
  type FakePackage,
  type FakeVersion,
  type FakeVersionInput,
  makeFakeVersion,
  type StatusDefect,
} from './fake-version.ts'
import { createTestSigningKey, type TestSigningKey } from './test-signing-key.ts'

/** What a path leads to. */
export type FakeAnswer = { readonly on: StatusDefect['on'] | 'discovery'; readonly versions: readonly FakeVersion[] } & (
  | { readonly json: unknown }
  | { readonly bytes: Uint8Array }
  | { readonly package: FakePackage; readonly defects: Defects }
)

interface FakeProvider {
  readonly inputs: Map<string, FakeVersionInput>
  readonly versions: Map<string, FakeVersion>
}

const VERSIONS_PATH = /^\/v1\/providers\/([^/]+\/[^/]+)\/versions$/
const EXTRA_PATH = /^\/v1\/providers\/([^/]+\/[^/]+)\/([^/]+)$/
const NAMESPACE_PATH = /^\/v1\/providers\/([^/]+)$/
const DOCUMENT_PATH = /^\/v1\/providers\/([^/]+\/[^/]+)\/([^/]+)\/download\/([^/]+)\/([^/]+)$/
const FILE_PATH = /^\/files\/([^/]+\/[^/]+)\/([^/]+)\/([^/]+)$/

/** The content of a fake upstream, without its server. Provider names are `namespace/type`. */
export class FakeRegistry {
  /** Answers lists of namespaces. */
  listsNamespaces = false
  readonly #providers = new Map<string, FakeProvider>()
  readonly #keys = new Map<string, Promise<TestSigningKey>>()

  signingKey(namespace: string): Promise<TestSigningKey> {
    const key = this.#keys.get(namespace) ?? createTestSigningKey(`Authors of ${namespace}`)
    this.#keys.set(namespace, key)
    return key
  }

  async add(name: string, versions: Readonly<Record<string, FakeVersionInput>>): Promise<void> {
    const [namespace = '', type = ''] = name.split('/')
    const provider = this.#providers.get(name) ?? { inputs: new Map(), versions: new Map() }
    for (const [version, input] of Object.entries(versions)) {
      provider.inputs.set(version, input)
      provider.versions.set(version, await makeFakeVersion({ type, version }, input, await this.signingKey(namespace)))
    }
    this.#providers.set(name, provider)
  }

  setDefects(name: string, version: string, defects: Defects): Promise<void> {
    return this.add(name, { [version]: { ...this.provider(name).inputs.get(version), defects } })
  }

  provider(name: string): FakeProvider {
    const provider = this.#providers.get(name)
    if (provider === undefined) throw new Error(`the fake upstream has no provider "${name}"`)
    return provider
  }

  package(name: string, version: string, platform: string): FakePackage {
    const found = this.provider(name).versions.get(version)?.packages.get(platform)
    if (found === undefined) throw new Error(`the fake upstream has no package of "${name}" ${version} for ${platform}`)
    return found
  }

  /** `undefined` when there is nothing. */
  find(path: string): FakeAnswer | undefined {
    if (path === '/.well-known/terraform.json') return { on: 'discovery', versions: [], json: { 'providers.v1': '/v1/providers/' } }
    const [, listed] = VERSIONS_PATH.exec(path) ?? []
    if (listed !== undefined) return this.#findVersions(listed)
    const extra = this.#findExtra(path)
    if (extra !== undefined) return extra
    const [, name = '', version = '', os = '', arch = ''] = DOCUMENT_PATH.exec(path) ?? []
    if (name !== '')
      return this.#findDocument(`${name}/${version}`, { version: this.#providers.get(name)?.versions.get(version), os, arch })
    const [, fileOf = '', fileVersion = '', filename = ''] = FILE_PATH.exec(path) ?? []
    const found = this.#providers.get(fileOf)?.versions.get(fileVersion)
    return found === undefined ? undefined : findFile(found, filename)
  }

  #findVersions(name: string): FakeAnswer | undefined {
    const versions = this.#providers.get(name)?.versions
    if (versions === undefined) return undefined
    const list = [...versions].map(([version, { protocols, packages }]) => ({
      version,
      protocols,
      platforms: [...packages.keys()].map((platform) => ({ os: platform.split('_')[0], arch: platform.split('_')[1] })),
    }))
    return { on: 'versions', versions: [...versions.values()], json: { id: name, versions: list, warnings: null } }
  }

  /** What some registries tell beyond the protocol. */
  #findExtra(path: string): FakeAnswer | undefined {
    const [, of = '', version = ''] = EXTRA_PATH.exec(path) ?? []
    const publishedAt = this.#providers.get(of)?.versions.get(version)?.publishedAt
    if (publishedAt !== undefined) return { on: 'discovery', versions: [], json: { id: `${of}/${version}`, published_at: publishedAt } }
    const [, namespace] = NAMESPACE_PATH.exec(path) ?? []
    if (namespace === undefined || !this.listsNamespaces) return undefined
    const names = [...this.#providers.keys()].filter((name) => name.startsWith(`${namespace}/`))
    const providers = names.map((name) => ({ namespace, name: name.slice(namespace.length + 1) }))
    return { on: 'discovery', versions: [], json: { meta: { limit: 100, current_offset: 0 }, providers } }
  }

  #findDocument(path: string, of: { version: FakeVersion | undefined; os: string; arch: string }): FakeAnswer | undefined {
    const { version, os, arch } = of
    const found = version?.packages.get(`${os}_${arch}`)
    if (version === undefined || found === undefined) return undefined
    const { keyId, asciiArmor } = version.announcedKey
    const key = { key_id: keyId, ascii_armor: asciiArmor, trust_signature: '', source: '', source_url: null }
    const json = {
      protocols: version.protocols,
      os,
      arch,
      filename: found.filename,
      download_url: `/files/${path}/${found.filename}`,
      shasum: found.shasum,
      shasums_url: `/files/${path}/SHA256SUMS`,
      shasums_signature_url: `/files/${path}/SHA256SUMS.sig`,
      signing_keys: { gpg_public_keys: version.defects.withoutKeys === true ? [] : [key] },
    }
    return { on: 'document', versions: [version], json }
  }
}

function findFile(version: FakeVersion, filename: string): FakeAnswer | undefined {
  const versions = [version]
  if (filename === 'SHA256SUMS') return version.defects.missingShasums ? undefined : { on: 'shasums', versions, bytes: version.shasums }
  if (filename === 'SHA256SUMS.sig') return version.signature && { on: 'signature', versions, bytes: version.signature }
  const found = [...version.packages.values()].find((item) => item.filename === filename)
  return found && { on: 'package', versions, package: found, defects: version.defects }
}
