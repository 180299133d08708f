import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getCACertificates } from 'node:tls'
import { repositoryOf, trustedOf } from './git-environment.ts'

interface PreparedFolder {
  /** Of other CAs that are trusted for this repository. */
  readonly caFile?: string | undefined
  /** Digits of a commit id: 40, or 64 of SHA-256. */
  readonly idLength: number
}

/** What overrides the attributes of every commit, so that what is read is what was committed. Source: gitattributes(5), precedence */
const NO_ATTRIBUTES = '* -export-ignore -export-subst -text !eol !crlf -ident -filter !working-tree-encoding\n'

const FORMATS: Readonly<Record<number, string>> = {
  40: '\trepositoryformatversion = 0\n',
  64: '\trepositoryformatversion = 1\n[extensions]\n\tobjectformat = sha256\n',
}

/** Makes the folder of one operation: a bare repository as `git init` would, but without hooks, and the trusted CAs. */
export async function prepareFolder(folder: string, { caFile, idLength }: PreparedFolder): Promise<void> {
  const repository = repositoryOf(folder)
  await mkdir(folder, { mode: 0o700 })
  for (const name of ['objects', 'refs', 'info']) await mkdir(join(repository, name), { recursive: true })
  await writeFile(join(repository, 'config'), `[core]\n\tbare = true\n${FORMATS[idLength]}`)
  await writeFile(join(repository, 'HEAD'), 'ref: refs/heads/none\n')
  await writeFile(join(repository, 'info', 'attributes'), NO_ATTRIBUTES)
  // Those that the rest of the server trusts: a container may have no others.
  const own = caFile === undefined ? [] : [await readFile(caFile, 'utf8')]
  await writeFile(trustedOf(folder), [...getCACertificates('default'), ...own].join('\n'))
}
