import { parsePlatform } from '../platforms.ts'
import { expectedPackageFilename, shasumsFilename, signatureFilename } from '../shasums.ts'
import type { BundleManifest, BundleModule, BundleProvider } from './bundle-manifest.ts'

type ProviderName = Pick<BundleProvider, 'hostname' | 'namespace' | 'type'>
type ModuleName = Pick<BundleModule, 'hostname' | 'namespace' | 'name' | 'system'>

/** File name of the manifest of a bundle. */
export function manifestFilename(name: string): string {
  return `${name}.manifest.json`
}

/** File name of the signature of the manifest. */
export function manifestSignatureFilename(name: string): string {
  return `${manifestFilename(name)}.sig`
}

/** File name of a part, numbered from 1. */
export function partFilename(name: string, number: number): string {
  return `${name}.tfbundle.${String(number).padStart(3, '0')}`
}

/** Where the zip of a platform is; filesystem mirrors have it at the same place. @throws {TypeError} for what is no platform. */
export function packagePath(provider: ProviderName, version: string, platform: string): string {
  const parsed = parsePlatform(platform)
  if (parsed === undefined) throw new TypeError('Cannot name a package: its platform is none')
  return `${folderOf(provider)}/${expectedPackageFilename({ type: provider.type, version, ...parsed })}`
}

/** Where the SHA256SUMS of a version is. */
export function shasumsPath(provider: ProviderName, version: string): string {
  return `${folderOf(provider)}/${shasumsFilename({ type: provider.type, version })}`
}

/** Where the signature of the SHA256SUMS of a version is. */
export function signaturePath(provider: ProviderName, version: string): string {
  return `${folderOf(provider)}/${signatureFilename({ type: provider.type, version })}`
}

/** Where the archive of a module is. */
export function moduleArchivePath({ hostname, namespace, name, system }: ModuleName, version: string): string {
  return `modules/${hostname}/${namespace}/${name}/${system}/${version}.tar.gz`
}

/** What an object is. */
export interface NamedObject {
  readonly path: string
  /** The digest that the manifest states beside the object; `undefined` where it states none. */
  readonly sha256: string | undefined
}

/** The objects that what is listed consists of, in no promised order. @throws {TypeError} for what is no platform. */
export function namedObjects({ providers, modules }: Pick<BundleManifest, 'providers' | 'modules'>): NamedObject[] {
  return [...providers.flatMap(objectsOfProvider), ...modules.flatMap(objectsOfModule)]
}

function objectsOfProvider(provider: BundleProvider): NamedObject[] {
  return provider.versions.flatMap(({ version, packages }) => [
    { path: shasumsPath(provider, version), sha256: undefined },
    { path: signaturePath(provider, version), sha256: undefined },
    ...packages.map(({ platform, zh }) => ({ path: packagePath(provider, version, platform), sha256: zh.slice('zh:'.length) })),
  ])
}

function objectsOfModule(module: BundleModule): NamedObject[] {
  return module.versions.map(({ version }) => ({ path: moduleArchivePath(module, version), sha256: undefined }))
}

function folderOf({ hostname, namespace, type }: ProviderName): string {
  return `providers/${hostname}/${namespace}/${type}`
}
