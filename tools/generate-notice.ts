import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './source-files.ts'

/** A package that we use directly, as its own `package.json` describes it. */
export interface DirectDependency {
  readonly name: string
  readonly license: string
  readonly homepage: string
  /** `false` for what only builds and tests Terrace. */
  readonly distributed: boolean
}

interface Manifest {
  readonly workspaces?: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly license?: string
  readonly homepage?: string
  readonly repository?: string | { readonly url?: string }
}

const INTRODUCTION = `Terrace
Copyright The Terrace authors

This product is licensed under the Apache License, Version 2.0 (see LICENSE).

Terrace is not affiliated with HashiCorp, IBM or the OpenTofu project. Terraform is a trademark of HashiCorp, Inc.; OpenTofu is a
trademark of the Linux Foundation.

The packages below are used unmodified, under their own licenses, and are installed by npm; none of their code is in this repository.
`

/** The whole text of NOTICE: an introduction, then one line per package, by name. */
export function formatNotice(dependencies: readonly DirectDependency[]): string {
  const list = (distributed: boolean): string =>
    dependencies
      .filter((dependency) => dependency.distributed === distributed)
      .map(({ name, license, homepage }) => `- ${name} (${license}) ${homepage}`)
      .join('\n')
  return `${INTRODUCTION}\nPart of the running product:\n\n${list(true)}\n\nOnly for building and testing it:\n\n${list(false)}\n`
}

const readManifest = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

/** Where a workspace's package is installed: beside the workspace when versions differ, else at the root. */
const installedFolder = (workspace: string, name: string): string =>
  [join(ROOT, workspace, 'node_modules', name), join(ROOT, 'node_modules', name)].find((folder) => existsSync(folder)) ?? ''

/** `git+ssh://git@host/a/b.git`, `github:a/b` and `a/b` all mean a page. */
export function formatHomepage({ homepage, repository }: Manifest): string {
  const url = homepage ?? (typeof repository === 'string' ? repository : repository?.url) ?? ''
  const page = url
    .replace(/^git\+/, '')
    .replace(/^(?:ssh|git):\/\/(?:git@)?/, 'https://')
    .replace(/\.git$|#.*$/g, '')
  return /^(?:github:)?[\w.-]+\/[\w.-]+$/.test(page) ? `https://github.com/${page.replace('github:', '')}` : page
}

function readDirectDependencies(): DirectDependency[] {
  const found = new Map<string, DirectDependency>()
  for (const workspace of ['', ...(readManifest(ROOT).workspaces ?? [])]) {
    const { dependencies = {}, devDependencies = {} } = readManifest(join(ROOT, workspace))
    for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
      if (name.startsWith('@terrace/')) continue
      const manifest = readManifest(installedFolder(workspace, name))
      const distributed = name in dependencies || (found.get(name)?.distributed ?? false)
      found.set(name, { name, license: manifest.license ?? 'see its page', homepage: formatHomepage(manifest), distributed })
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

if (import.meta.main) {
  const file = join(ROOT, 'NOTICE')
  const text = formatNotice(readDirectDependencies())
  if (!process.argv.includes('--check')) writeFileSync(file, text)
  else if (existsSync(file) && readFileSync(file, 'utf8') === text) console.log('Checked NOTICE')
  else {
    console.error('NOTICE does not list the direct dependencies as they are: run "npm run generate"')
    process.exitCode = 1
  }
}
