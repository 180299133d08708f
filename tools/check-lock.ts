import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Problem, ROOT, reportProblems } from './source-files.ts'

/** The part of `package-lock.json` that this check reads. */
export interface LockFile {
  readonly packages: Readonly<
    Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>>; readonly resolved?: string }>
  >
}

/**
 * What keeps a lock file from working elsewhere: packages for other platforms that it leaves out (a lock file made on one platform
 * may name only that platform's binaries), and addresses of the registry that its author happened to use.
 */
export function checkLock(lock: LockFile): string[] {
  const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !isLocked(lock, path, name))
      .map((name) => `"${path || 'the root'}" needs "${name}" on some platform, and the lock file leaves it out`),
  )
  const bound = Object.entries(lock.packages)
    .filter(([, { resolved }]) => resolved?.startsWith('http'))
    .map(([path]) => `"${path}" is bound to one registry (omit-lockfile-registry-resolved)`)
  return [...missing, ...bound]
}

/** A package may lie in any `node_modules` from its user's up to the root's. */
function isLocked(lock: LockFile, user: string, name: string): boolean {
  const parents = user.split('/node_modules/')
  const folders = parents.map((_, index) => `${parents.slice(0, index + 1).join('/node_modules/')}/node_modules/${name}`)
  return [`node_modules/${name}`, ...folders].some((path) => lock.packages[path] !== undefined)
}

if (import.meta.main) {
  const lock: LockFile = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
  const problems: Problem[] = checkLock(lock).map((message) => ({ path: 'package-lock.json', line: 1, message }))
  reportProblems(problems, `the lock file of ${Object.keys(lock.packages).length} packages`)
}
