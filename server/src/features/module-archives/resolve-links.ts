import { type RawLink, refusal, type TreeFile } from './module-archive-rules.ts'

/** A symbolic link whose own path is settled. */
export interface TreeLink extends RawLink {
  readonly path: string
}

/** A file that stands for a link, or for a part of a linked folder. */
interface LinkedFile {
  readonly link: TreeLink
  readonly file: TreeFile
}

const MAX_HOPS = 8

/**
 * What stands for each link: a copy of the file that it leads to, over other links too, or of all files of the folder. Links to folders
 * inside of a copied folder are not followed, so nothing grows without end.
 *
 * @throws {ArchiveRefused} path_escape, entry_type
 */
export function* resolveLinks(files: readonly TreeFile[], links: readonly TreeLink[]): Generator<LinkedFile, void> {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const linkAt = new Map(links.map((link) => [link.path, link]))
  const real = [...files]
  const folders: { readonly link: TreeLink; readonly path: string }[] = []
  for (const link of links) {
    const path = follow(link, linkAt)
    const file = byPath.get(path)
    if (file === undefined) folders.push({ link, path })
    else {
      const copy = { ...file, path: link.path }
      real.push(copy)
      yield { link, file: copy }
    }
  }
  for (const { link, path } of folders) yield* copyFolder(real, link, path)
}

/** The path that a link leads to in the end. */
function follow(link: TreeLink, linkAt: ReadonlyMap<string, TreeLink>): string {
  let current = link
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    const path = targetOf(current, link)
    const next = linkAt.get(path)
    if (next === undefined) return path
    current = next
  }
  throw refusal('entry_type', 'is a symbolic link that leads over too many others', link)
}

function targetOf({ path, target }: TreeLink, mark: TreeLink): string {
  const text = target.toString('utf8')
  if (text.startsWith('/')) throw outside(mark)
  const segments = path.split('/').slice(0, -1)
  for (const segment of text.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment !== '..') segments.push(segment)
    else if (segments.pop() === undefined) throw outside(mark)
  }
  return segments.join('/')
}

const outside = (mark: TreeLink) => refusal('path_escape', 'is a symbolic link that leaves the module root', mark)

function* copyFolder(files: readonly TreeFile[], link: TreeLink, folder: string): Generator<LinkedFile, void> {
  const prefix = folder === '' ? '' : `${folder}/`
  let found = false
  for (const file of files) {
    if (!file.path.startsWith(prefix)) continue
    found = true
    yield { link, file: { ...file, path: `${link.path}/${file.path.slice(prefix.length)}` } }
  }
  if (!found) throw refusal('entry_type', 'is a symbolic link that leads to nothing in the archive', link)
}
