import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What a test wants to have in a release folder. */
export interface ReleaseFolder {
  readonly type?: string
  readonly version?: string
  readonly platforms?: readonly string[]
  /** Default: list and signature are there. */
  readonly signed?: boolean
  /** More files, by name. */
  readonly files?: Readonly<Record<string, string>>
}

/** Writes a folder as GoReleaser leaves it; contents of the zips tell their platform. */
export async function writeReleaseFolder(folder: string, release: ReleaseFolder = {}): Promise<void> {
  const { type = 'widget', version = '1.2.0', platforms = ['linux_amd64', 'darwin_arm64'], signed = true, files = {} } = release
  const prefix = `terraform-provider-${type}_${version}`
  await mkdir(folder, { recursive: true })
  const sums: string[] = []
  for (const platform of platforms) {
    const content = `zip of ${version} ${platform}`
    await writeFile(join(folder, `${prefix}_${platform}.zip`), content)
    sums.push(`${createHash('sha256').update(content).digest('hex')}  ${prefix}_${platform}.zip\n`)
  }
  // What else GoReleaser leaves there.
  await mkdir(join(folder, `${prefix}_linux_amd64_v1`), { recursive: true })
  await writeFile(join(folder, 'artifacts.json'), '[]')
  if (signed) {
    await writeFile(join(folder, `${prefix}_SHA256SUMS`), sums.join(''))
    await writeFile(join(folder, `${prefix}_SHA256SUMS.sig`), Buffer.from([0x89, 0, 0xff]))
  }
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
}
