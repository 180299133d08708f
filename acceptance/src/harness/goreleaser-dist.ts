import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFilename, sha256, shasumsOf } from './publish-form.ts'

interface DistInput {
  /** Folder to make; `dist`, as the release tool calls it. */
  readonly folder: string
  /** `widget` */
  readonly type: string
  readonly version: string
  readonly packages: Readonly<Record<string, Uint8Array>>
  /** Plugin protocols of the manifest. */
  readonly protocols: readonly string[]
  /** Makes the `.sig`; without it there is none. */
  sign?(shasums: Uint8Array): Promise<Uint8Array>
}

/**
 * Writes what GoReleaser leaves behind with the configuration that provider authors copy: zips, the manifest and SHA256SUMS over
 * both, the signature, and its own bookkeeping with a folder of loose binaries, which are nobody's business.
 */
export async function writeGoreleaserDist({ folder, type, version, packages, protocols, sign }: DistInput): Promise<void> {
  const base = `terraform-provider-${type}_${version}`
  const manifest = Buffer.from(JSON.stringify({ version: 1, metadata: { protocol_versions: protocols } }))
  const shasums = Buffer.concat([shasumsOf(`acme/${type}`, version, packages), Buffer.from(`${sha256(manifest)}  ${base}_manifest.json\n`)])
  mkdirSync(folder, { recursive: true })
  const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content)
  for (const [platform, zip] of Object.entries(packages)) {
    write(packageFilename(type, version, platform), zip)
    const loose = `terraform-provider-${type}_${platform}_v1`
    mkdirSync(join(folder, loose))
    write(join(loose, `terraform-provider-${type}_v${version}`), 'binary')
  }
  write(`${base}_manifest.json`, manifest)
  write(`${base}_SHA256SUMS`, shasums)
  if (sign !== undefined) write(`${base}_SHA256SUMS.sig`, await sign(shasums))
  write('artifacts.json', '[]')
  write('metadata.json', JSON.stringify({ project_name: `terraform-provider-${type}`, tag: `v${version}`, version }))
  write('config.yaml', 'version: 2\n')
  write('CHANGELOG.md', '')
}
